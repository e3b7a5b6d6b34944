import { defaultLimits, wireError } from "@parley/protocol";
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from "fastify";
import { ann, type DeskFixture, deskFixture, identityOf } from "../../actors/desk-fixture.ts";
import { createDesks, type DeskParts } from "../../actors/desks.ts";
import type { Identity } from "@parley/auth";
import { createHttp, type HttpConfig } from "./create-http.ts";

export const page = "https://chat.example.org";

/** The REST surface over doubles. `token-of-<name>` is a token in `identities`; nobody else's is valid. */
export class HttpFixture {
  readonly parts: DeskFixture;
  readonly app: FastifyInstance;
  readonly identities = new Map<string, Identity>([["ann", identityOf(ann)]]);
  readonly failures: unknown[] = [];
  readonly answered: string[] = [];
  dropped = 0;
  missing: readonly string[] = [];

  constructor(overrides: Partial<Pick<DeskParts, "signing">> = {}, config: Partial<HttpConfig> = {}) {
    this.parts = deskFixture(overrides);
    this.app = createHttp({
      config: { origins: [page], trustedProxies: [], limits: defaultLimits, ...config },
      desks: createDesks(this.parts),
      authenticator: { authenticate: (token) => Promise.resolve(this.#authenticate(token)) },
      telemetry: {
        httpAnswered: ({ method, route, status }) => void this.answered.push(`${method} ${route} ${status}`),
        connectionDropped: () => void (this.dropped += 1),
        httpFailed: (error) => void this.failures.push(error),
        metricsText: () => Promise.resolve({ contentType: "text/plain; version=0.0.4", body: "up 1\n" }),
      },
      health: { missing: () => this.missing },
      clock: this.parts.clock,
    });
  }

  /** As Ann, unless the headers say otherwise. */
  async ask(
    method: NonNullable<InjectOptions["method"]>,
    url: string,
    request: Omit<InjectOptions, "method" | "url"> = {},
  ): Promise<LightMyRequestResponse> {
    const headers = { authorization: "Bearer token-of-ann", ...request.headers };
    return this.app.inject({ method, url, ...request, headers });
  }

  #authenticate(token: string) {
    const identity = this.identities.get(token.replace("token-of-", ""));
    if (identity === undefined) return { ok: false, error: wireError("unauthorized") } as const;
    return { ok: true, identity } as const;
  }
}
