import { createHash } from "node:crypto";
import type { Accounts, BotToken, User } from "@parley/accounts";
import { newBotToken } from "@parley/auth";
import {
  type BotCreated,
  type BotTokenView,
  type Key,
  type Limits,
  mustParse,
  parseUserId,
  type Scope,
  type TokenId,
  type UserId,
  type UserView,
  type WireError,
  wireError,
} from "@parley/protocol";
import type { RateLimiter } from "@parley/rate-limiter";
import { type Asker, scopeFault } from "./asker.ts";
import { userView } from "./directory.ts";
import type { ReadOutcome } from "./read-desk.ts";
import { RequestLimits } from "./request-limits.ts";
import type { Revocations } from "./seams.ts";

export interface BotDeskParts {
  readonly accounts: Pick<
    Accounts,
    "user" | "putUser" | "botsOf" | "putBotToken" | "botTokens" | "revokeBotToken"
  >;
  readonly revocations: Pick<Revocations, "revoke">;
  readonly limits: Limits;
  readonly rateLimiter: RateLimiter;
  readonly clock: { readonly nowMs: () => number };
}

export interface BotRequest {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly key: Key;
}

export interface TokenRequest {
  readonly scopes: readonly Scope[] | undefined;
  /** RFC 3339. */
  readonly expiresAt: string | undefined;
}

type Outcome<Body> = Promise<ReadOutcome<Body>>;
type Result<Body> =
  | { readonly ok: true; readonly body: Body }
  | { readonly ok: false; readonly error: WireError };

/**
 * Bots and their tokens, for the people who made them. A token is shown once, and covers no more than its maker's own.
 * Rejects with `AccountsUnavailableError`.
 */
export class BotDesk {
  readonly #parts: BotDeskParts;
  readonly #requestLimits: RequestLimits;

  constructor(parts: BotDeskParts) {
    this.#parts = parts;
    this.#requestLimits = new RequestLimits(parts.rateLimiter, parts.limits);
  }

  /**
   * The bot's id follows from the maker and the key, so a retry names the same bot (`replayed`). It gets another token
   * all the same: the first was shown once, in an answer that may have been lost, and is known only by its hash.
   */
  async create(
    asker: Asker,
    { name, scopes, key }: BotRequest,
  ): Outcome<BotCreated & { readonly replayed: boolean }> {
    return this.#admitted(asker, async () => {
      const fault = grantFault(asker, scopes);
      if (fault !== undefined) return refused(fault);
      const ownerId = asker.identity.userId;
      const userId = botId(ownerId, key);
      const known = await this.#parts.accounts.user(userId);
      if (known === undefined) {
        await this.#parts.accounts.putUser({ userId, name, bot: true, ownerId, createdAt: this.#now() });
      }
      const made = await this.#makeToken(userId, scopes, undefined);
      return done({ ...made, replayed: known !== undefined });
    });
  }

  list(asker: Asker): Outcome<{ readonly items: readonly UserView[] }> {
    return this.#admitted(asker, async () => {
      const bots = await this.#parts.accounts.botsOf(asker.identity.userId);
      return done({ items: bots.map(userView) });
    });
  }

  /** Without scopes the token has those of the bot's newest one. */
  addToken(asker: Asker, bot: UserId, { scopes, expiresAt }: TokenRequest): Outcome<BotCreated> {
    return this.#ofBot(asker, bot, async () => {
      if (expiresAt !== undefined && !(Date.parse(expiresAt) > this.#parts.clock.nowMs())) {
        return refused(wireError("bad_request", `expiresAt ${expiresAt} is not in the future`));
      }
      const granted = scopes ?? newest(await this.#parts.accounts.botTokens(bot))?.scopes ?? [];
      const fault = grantFault(asker, granted);
      return fault === undefined ? done(await this.#makeToken(bot, granted, expiresAt)) : refused(fault);
    });
  }

  tokens(asker: Asker, bot: UserId): Outcome<{ readonly items: readonly BotTokenView[] }> {
    return this.#ofBot(asker, bot, async () => {
      const tokens = await this.#parts.accounts.botTokens(bot);
      return done({ items: tokens.map(tokenView) });
    });
  }

  /** The stored flag ends the token for ever; the revocation ends what other nodes hold of it. */
  revokeToken(asker: Asker, bot: UserId, tokenId: TokenId): Outcome<undefined> {
    return this.#ofBot(asker, bot, async () => {
      const tokens = await this.#parts.accounts.botTokens(bot);
      if (!tokens.some((token) => token.tokenId === tokenId)) return refused(wireError("no_such_token"));
      await this.#parts.accounts.revokeBotToken(tokenId);
      const fault = await this.#parts.revocations.revoke("token", tokenId);
      return fault === undefined ? done(undefined) : refused(fault);
    });
  }

  #ofBot<Body>(asker: Asker, bot: UserId, act: () => Promise<Result<Body>>): Outcome<Body> {
    return this.#admitted(asker, async () => {
      const user = await this.#parts.accounts.user(bot);
      return user !== undefined && mayManage(asker, user) ? act() : refused(wireError("no_such_user"));
    });
  }

  async #admitted<Body>(asker: Asker, act: () => Promise<Result<Body>>): Outcome<Body> {
    const fault = personFault(asker) ?? scopeFault(asker, "bots:write");
    if (fault !== undefined) return { ...refused(fault), rate: undefined };
    const { status, error } = await this.#requestLimits.account(asker.identity.userId);
    return error === undefined ? { ...(await act()), rate: status } : { ...refused(error), rate: status };
  }

  async #makeToken(
    userId: UserId,
    scopes: readonly Scope[],
    expiresAt: string | undefined,
  ): Promise<BotCreated> {
    const { token, tokenId, hash } = newBotToken();
    const createdAt = this.#now();
    await this.#parts.accounts.putBotToken(
      { tokenId, userId, scopes, createdAt, expiresAt, revoked: false },
      hash,
    );
    return { userId, tokenId, token };
  }

  #now(): string {
    return new Date(this.#parts.clock.nowMs()).toISOString();
  }
}

const done = <Body>(body: Body) => ({ ok: true, body }) as const;
const refused = (error: WireError) => ({ ok: false, error }) as const;

function botId(owner: UserId, key: Key): UserId {
  const digest = createHash("sha256").update(`bot\n${owner}\n${key}`).digest("hex");
  return mustParse(parseUserId, `b_${digest.slice(0, 40)}`);
}

/** Bots make no bots: whoever is behind one stays one step away. */
const personFault = ({ identity }: Asker): WireError | undefined =>
  identity.bot ? wireError("forbidden", "bots cannot make or manage bots") : undefined;

function grantFault({ identity }: Asker, granted: readonly Scope[]): WireError | undefined {
  const beyond = granted.find((scope) => !identity.scopes.has(scope));
  if (beyond === undefined) return undefined;
  return wireError("scope_missing", `a token cannot grant ${beyond}, which its maker's does not cover`);
}

const mayManage = ({ identity }: Asker, bot: User): boolean =>
  bot.bot && (bot.ownerId === identity.userId || identity.scopes.has("admin"));

const newest = (tokens: readonly BotToken[]): BotToken | undefined =>
  tokens.toSorted((left, right) => (left.createdAt < right.createdAt ? 1 : -1)).at(0);

const tokenView = ({ tokenId, scopes, createdAt, expiresAt, revoked }: BotToken): BotTokenView => ({
  tokenId,
  scopes: [...scopes],
  createdAt,
  ...(expiresAt !== undefined && { expiresAt }),
  revoked,
});
