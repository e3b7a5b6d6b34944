import type { Accounts, User } from "@parley/accounts";
import type { Identity } from "@parley/auth";
import { type Limits, type Me, type Page, type UserView, wireError } from "@parley/protocol";
import type { RateLimiter } from "@parley/rate-limiter";
import { type Asker, scopeFault } from "./asker.ts";
import { decodeUserPlace, encodeUserPlace } from "./page-cursor.ts";
import type { PageRequest, ReadOutcome } from "./read-desk.ts";
import { RequestLimits } from "./request-limits.ts";

export interface DirectoryParts {
  readonly accounts: Pick<Accounts, "user" | "users">;
  readonly limits: Limits;
  readonly rateLimiter: RateLimiter;
}

/** Who is known here. Rejects with `AccountsUnavailableError`. */
export class Directory {
  readonly #parts: DirectoryParts;
  readonly #requestLimits: RequestLimits;

  constructor(parts: DirectoryParts) {
    this.#parts = parts;
    this.#requestLimits = new RequestLimits(parts.rateLimiter, parts.limits);
  }

  /** Users whose name holds `query`, regardless of case, ascending by id. */
  async users(
    asker: Asker,
    { query, cursor, limit }: PageRequest & { readonly query: string | undefined },
  ): Promise<ReadOutcome<Page<UserView>>> {
    const fault = scopeFault(asker, "rooms:read");
    if (fault !== undefined) return { ok: false, error: fault, rate: undefined };
    const after = cursor === undefined ? undefined : decodeUserPlace(cursor);
    if (cursor !== undefined && after === undefined) {
      return { ok: false, error: wireError("bad_request", "not a cursor of this list"), rate: undefined };
    }
    const { status, error } = await this.#requestLimits.read(asker.identity.userId);
    if (error !== undefined) return { ok: false, error, rate: status };
    const bounded = Math.min(limit, this.#parts.limits.pageItemsMax);
    // One more than asked for tells whether there is a next page.
    const found = await this.#parts.accounts.users({ query, after, limit: bounded + 1 });
    return { ok: true, body: pageOf(found, bounded), rate: status };
  }

  /** Who the asker's token stands for. Needs no scope: it tells nothing that its bearer has not shown. */
  async me({ identity }: Asker): Promise<ReadOutcome<Me>> {
    const { status, error } = await this.#requestLimits.read(identity.userId);
    if (error !== undefined) return { ok: false, error, rate: status };
    const user = await this.#parts.accounts.user(identity.userId);
    return { ok: true, body: meOf(identity, user?.name ?? identity.name), rate: status };
  }
}

function meOf({ userId, bot, scopes, tokenId, expiresAtMs }: Identity, name: string | undefined): Me {
  return {
    userId,
    ...(name !== undefined && { name }),
    bot,
    scopes: [...scopes],
    ...(tokenId !== undefined && { tokenId }),
    ...(expiresAtMs !== undefined && { expiresAt: new Date(expiresAtMs).toISOString() }),
  };
}

function pageOf(found: readonly User[], limit: number): Page<UserView> {
  const shown = found.slice(0, limit);
  const items = shown.map(userView);
  const last = shown.at(-1);
  return found.length > limit && last !== undefined
    ? { items, nextCursor: encodeUserPlace(last.userId) }
    : { items };
}

export const userView = ({ userId, name, bot }: User): UserView => ({ userId, name, bot });
