import type { Accounts, BotToken } from "@parley/accounts";
import { hashBotToken, type Identity, isBotToken, type TokenVerifier } from "@parley/auth";
import { type WireError, wireError } from "@parley/protocol";
import { LRUCache } from "lru-cache";
import type { Revocations } from "./seams.ts";

/** A bot token's row is read again after this; until then a revocation reaches us by the room of revocations. */
const botTokenMs = 10_000;
const botTokensMax = 10_000;
/** Unknown tokens cost a read each; this many at once, and no more, may wait for theirs. */
const lookupsMax = 256;
const knownUsersMax = 50_000;
/** After a failed write of a user no other is tried for this long: an outage of accounts must not slow every connect. */
const accountsPauseMs = 5_000;

export type Authentication =
  | { readonly ok: true; readonly identity: Identity }
  | { readonly ok: false; readonly error: WireError };

export interface AuthenticatorParts {
  readonly verifier: TokenVerifier;
  readonly accounts: Pick<Accounts, "user" | "putUser" | "botTokenByHash">;
  readonly revocations: Pick<Revocations, "isRevoked">;
  readonly clock: { readonly nowMs: () => number };
}

/** Who a token stands for: people's JWTs, and bot tokens. Remembers people when they are first seen. */
export class Authenticator {
  readonly #parts: AuthenticatorParts;
  readonly #botTokens: LRUCache<string, BotToken>;
  /** Names by user, as accounts has them. */
  readonly #known = new LRUCache<string, string>({ max: knownUsersMax });
  #pausedUntilMs = 0;
  #lookups = 0;

  constructor(parts: AuthenticatorParts) {
    this.#parts = parts;
    this.#botTokens = new LRUCache<string, BotToken>({
      max: botTokensMax,
      ttl: botTokenMs,
      ttlResolution: 0,
      perf: { now: parts.clock.nowMs },
    });
  }

  /** Never rejects. `unavailable` when the token could not be looked up; nothing is said about it then. */
  async authenticate(token: string): Promise<Authentication> {
    const found = isBotToken(token) ? await this.#bot(token) : await this.#person(token);
    if (!found.ok) return found;
    const { revocations } = this.#parts;
    if (revocations.isRevoked(found.identity)) return refused(wireError("token_revoked"));
    if (!found.identity.bot) await this.#remember(found.identity);
    // It may have been revoked while accounts were asked; whoever gets `ok` uses it at once.
    return revocations.isRevoked(found.identity) ? refused(wireError("token_revoked")) : found;
  }

  async #person(token: string): Promise<Authentication> {
    const outcome = await this.#parts.verifier.verify(token);
    return outcome.ok ? outcome : refused(wireError(outcome.code, outcome.message));
  }

  async #bot(token: string): Promise<Authentication> {
    const row = await this.#botToken(hashBotToken(token));
    if (row === "unavailable") return refused(wireError("unavailable", "bot tokens cannot be looked up now"));
    if (row === undefined) return refused(wireError("unauthorized", "no such bot token"));
    if (row.revoked) return refused(wireError("token_revoked"));
    const expiresAtMs = row.expiresAt === undefined ? undefined : Date.parse(row.expiresAt);
    if (expiresAtMs !== undefined && expiresAtMs <= this.#parts.clock.nowMs()) {
      return refused(wireError("token_expired"));
    }
    return { ok: true, identity: botIdentity(row, expiresAtMs) };
  }

  async #botToken(hash: string): Promise<BotToken | "unavailable" | undefined> {
    const cached = this.#botTokens.get(hash);
    if (cached !== undefined) return cached;
    if (this.#lookups >= lookupsMax) return "unavailable";
    this.#lookups += 1;
    try {
      const row = await this.#parts.accounts.botTokenByHash(hash);
      if (row !== undefined) this.#botTokens.set(hash, row);
      return row;
    } catch {
      return "unavailable";
    } finally {
      this.#lookups -= 1;
    }
  }

  /** So that others find the user by name. Best effort: whoever holds a valid token gets in without it. */
  async #remember(identity: Identity): Promise<void> {
    const { userId, name } = identity;
    const known = this.#known.get(userId);
    const news = known === undefined || (name !== undefined && name !== known);
    if (!news || this.#parts.clock.nowMs() < this.#pausedUntilMs) return;
    try {
      this.#known.set(userId, await this.#store(identity));
    } catch {
      this.#pausedUntilMs = this.#parts.clock.nowMs() + accountsPauseMs;
    }
  }

  /** The name that accounts has then. A token without a name leaves the one that is there. */
  async #store({ userId, name }: Identity): Promise<string> {
    const { accounts, clock } = this.#parts;
    const stored = name === undefined ? await accounts.user(userId) : undefined;
    if (stored !== undefined) return stored.name;
    const createdAt = new Date(clock.nowMs()).toISOString();
    const shown = name ?? userId;
    await accounts.putUser({ userId, name: shown, bot: false, ownerId: undefined, createdAt });
    return shown;
  }
}

const botIdentity = (row: BotToken, expiresAtMs: number | undefined): Identity => ({
  userId: row.userId,
  name: undefined,
  tokenId: row.tokenId,
  scopes: new Set(row.scopes),
  bot: true,
  issuedAtMs: Date.parse(row.createdAt),
  expiresAtMs,
});

const refused = (error: WireError) => ({ ok: false, error }) as const;
