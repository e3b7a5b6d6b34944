import { type Key, ParleyError, type WireError, wireError } from "@parley/protocol";
import { continueTraceparent } from "@parley/telemetry";
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from "fastify";
import type { Asker } from "../../actors/asker.ts";
import type { Authenticator } from "../../actors/authenticator.ts";
import type { RateStatus } from "../../actors/request-limits.ts";
import { type Check, emptyCheck } from "./checks.ts";
import { freshKey, idempotencyKeyOf, RequestsInProgress } from "./idempotency.ts";
import { rateFields } from "./rate-fields.ts";

type Nothing = Record<never, never>;

/** What a handler answers; without a body there is none. */
export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request whose parts have the documented shape. */
export interface OpenCall<Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly request: FastifyRequest;
  /** The body of a desk's answer; its refusal is thrown, and its rate status shown, either way. */
  readonly settle: <Settled extends Settleable>(outcome: Settled) => Extract<Settled, { readonly ok: true }>;
}

/** Such a request of somebody known. */
export interface Call<Params = Nothing, Query = Nothing, Body = Nothing> extends OpenCall<
  Params,
  Query,
  Body
> {
  readonly asker: Asker;
  /** The client's `Idempotency-Key`, or one of our own making. */
  readonly key: Key;
}

interface Settleable {
  readonly ok: boolean;
  readonly rate: RateStatus | undefined;
  readonly error?: WireError;
}

/** One method of one address. What it has no check for must be empty. */
interface Shape<Params, Query, Body> {
  readonly method: HTTPMethods;
  readonly path: string;
  readonly params?: Check<Params>;
  readonly query?: Check<Query>;
  readonly body?: Check<Body>;
}
export interface OpenEndpoint<Params, Query, Body> extends Shape<Params, Query, Body> {
  readonly answer: (call: OpenCall<Params, Query, Body>) => Promise<Answer>;
}
export interface Endpoint<Params, Query, Body> extends Shape<Params, Query, Body> {
  readonly answer: (call: Call<Params, Query, Body>) => Promise<Answer>;
}

export interface EndpointsParts {
  readonly app: FastifyInstance;
  readonly authenticator: Pick<Authenticator, "authenticate">;
  readonly clock: { readonly nowMs: () => number };
}

/** Puts endpoints on the router: token first, so that nobody's body is read before it is known whose it is. */
export class Endpoints {
  readonly #parts: EndpointsParts;
  readonly #inProgress = new RequestsInProgress();
  readonly #askers = new WeakMap<FastifyRequest, Asker>();

  constructor(parts: EndpointsParts) {
    this.#parts = parts;
  }

  /** For everybody. */
  open<Params = Nothing, Query = Nothing, Body = Nothing>(endpoint: OpenEndpoint<Params, Query, Body>): void {
    const { method, path: url, answer } = endpoint;
    this.#parts.app.route({
      method,
      url,
      handler: async (request, reply) => sendAnswer(reply, await answer(parsed(endpoint, request, reply))),
    });
  }

  /** For whoever has a token. */
  known<Params = Nothing, Query = Nothing, Body = Nothing>(endpoint: Endpoint<Params, Query, Body>): void {
    const { method, path: url } = endpoint;
    this.#parts.app.route({
      method,
      url,
      onRequest: async (request) => {
        this.#askers.set(request, await this.#authenticate(request));
      },
      handler: async (request, reply) => sendAnswer(reply, await this.#answer(endpoint, request, reply)),
    });
  }

  async #authenticate({ headers }: FastifyRequest): Promise<Asker> {
    const token = /^bearer +(\S+)$/iu.exec(headers.authorization ?? "")?.[1];
    if (token === undefined)
      throw new ParleyError(wireError("unauthorized", "Authorization: Bearer … is needed"));
    const authentication = await this.#parts.authenticator.authenticate(token);
    if (!authentication.ok) throw new ParleyError(authentication.error);
    const incoming = headers["traceparent"];
    const traceparent = continueTraceparent(typeof incoming === "string" ? incoming : undefined);
    return { identity: authentication.identity, traceparent };
  }

  async #answer<Params, Query, Body>(
    endpoint: Endpoint<Params, Query, Body>,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<Answer> {
    const asker = this.#askers.get(request);
    if (asker === undefined) throw new Error("an endpoint ran before its authentication");
    const given = idempotencyKeyOf(request.headers["idempotency-key"]);
    const key = given ?? freshKey(this.#parts.clock.nowMs());
    const call = { ...parsed(endpoint, request, reply), asker, key };
    if (given === undefined || endpoint.method !== "POST") return endpoint.answer(call);
    const name = JSON.stringify([asker.identity.userId, request.url, given]);
    return this.#inProgress.alone(name, () => endpoint.answer(call));
  }
}

function parsed<Params, Query, Body>(
  { params, query, body }: Shape<Params, Query, Body>,
  request: FastifyRequest,
  reply: FastifyReply,
): OpenCall<Params, Query, Body> {
  return {
    params: checked(params, request.params),
    query: checked(query, request.query),
    body: checked(body, request.body),
    request,
    settle: (outcome) => settled(reply, outcome),
  };
}

function checked<Value>(check: Check<Value> | undefined, value: unknown): Value {
  // An endpoint without a check has `Nothing` for the part's type, which is what `emptyCheck` lets through.
  const outcome = (check ?? (emptyCheck as Check<Value>))(value);
  if (!outcome.ok) throw new ParleyError(outcome.error);
  return outcome.value;
}

function settled<Settled extends Settleable>(
  reply: FastifyReply,
  outcome: Settled,
): Extract<Settled, { readonly ok: true }> {
  if (outcome.rate !== undefined) void reply.headers(rateFields(outcome.rate));
  if (!outcome.ok) throw new ParleyError(outcome.error ?? wireError("internal"));
  return outcome as Extract<Settled, { readonly ok: true }>;
}

async function sendAnswer(
  reply: FastifyReply,
  { status, body, headers = {} }: Answer,
): Promise<FastifyReply> {
  return reply.code(status).headers(headers).send(body);
}
