import type { Accounts } from "@parley/accounts";
import type { Identity } from "@parley/auth";
import {
  type Limits,
  type SessionId,
  type TokenId,
  type UserId,
  type WireError,
  wireError,
} from "@parley/protocol";
import type { RateLimiter } from "@parley/rate-limiter";
import type { Asker } from "./asker.ts";
import type { ReadOutcome } from "./read-desk.ts";
import { RequestLimits } from "./request-limits.ts";
import type { Revocations } from "./seams.ts";

/** Exactly one of the three. */
export interface RevocationRequest {
  readonly user?: UserId;
  readonly session?: SessionId;
  readonly token?: TokenId;
}

export interface RevocationDeskParts {
  readonly accounts: Pick<Accounts, "revokeBotToken">;
  readonly revocations: Pick<Revocations, "revoke">;
  readonly limits: Limits;
  readonly rateLimiter: RateLimiter;
}

/**
 * Takes access away: one's own user or the token at hand; with the scope `admin` anybody's, and sessions, which the edge
 * cannot tell whose they are.
 */
export class RevocationDesk {
  readonly #parts: RevocationDeskParts;
  readonly #requestLimits: RequestLimits;

  constructor(parts: RevocationDeskParts) {
    this.#parts = parts;
    this.#requestLimits = new RequestLimits(parts.rateLimiter, parts.limits);
  }

  /** Rejects with `AccountsUnavailableError`. */
  async revoke(asker: Asker, request: RevocationRequest): Promise<ReadOutcome<undefined>> {
    const { status, error } = await this.#requestLimits.account(asker.identity.userId);
    const fault = error ?? (await this.#revoke(asker, request));
    return fault === undefined
      ? { ok: true, body: undefined, rate: status }
      : { ok: false, error: fault, rate: status };
  }

  async #revoke({ identity }: Asker, request: RevocationRequest): Promise<WireError | undefined> {
    const subject = subjectOf(request);
    if (subject === undefined) return wireError("bad_request", "name one of user, session and token");
    if (!isOwn(subject, identity) && !identity.scopes.has("admin")) {
      return wireError("scope_missing", "for anyone but oneself the scope admin is needed");
    }
    // The flag lives as long as the token does; the revocation may be forgotten after a while.
    if (subject.kind === "token") await this.#parts.accounts.revokeBotToken(subject.id);
    return this.#parts.revocations.revoke(subject.kind, subject.id);
  }
}

const isOwn = ({ kind, id }: Subject, { userId, tokenId }: Identity): boolean =>
  (kind === "user" && id === userId) || (kind === "token" && id === tokenId);

type Subject =
  | { readonly kind: "user"; readonly id: UserId }
  | { readonly kind: "session"; readonly id: SessionId }
  | { readonly kind: "token"; readonly id: TokenId };

function subjectOf({ user, session, token }: RevocationRequest): Subject | undefined {
  const named: Subject[] = [];
  if (user !== undefined) named.push({ kind: "user", id: user });
  if (session !== undefined) named.push({ kind: "session", id: session });
  if (token !== undefined) named.push({ kind: "token", id: token });
  return named.length === 1 ? named[0] : undefined;
}
