import type { Scope } from "@parley/protocol";
import type { BotToken, User } from "../../port.ts";
import type { SqlRow } from "./database.ts";

/** Rows were written by this adapter from parsed values, so their columns are taken by name, not parsed again. */
type UserRow = {
  readonly user_id: User["userId"];
  readonly name: string;
  readonly bot: number;
  readonly owner_id: User["ownerId"] | null;
  readonly created_at: string;
};

type BotTokenRow = {
  readonly token_id: BotToken["tokenId"];
  readonly user_id: BotToken["userId"];
  readonly scopes: string;
  readonly created_at: string;
  readonly expires_at: string | null;
  readonly revoked: number;
};

export function userOf(row: SqlRow): User {
  const { user_id, name, bot, owner_id, created_at } = row as UserRow;
  return { userId: user_id, name, bot: bot === 1, ownerId: owner_id ?? undefined, createdAt: created_at };
}

export function botTokenOf(row: SqlRow): BotToken {
  const { token_id, user_id, scopes, created_at, expires_at, revoked } = row as BotTokenRow;
  return {
    tokenId: token_id,
    userId: user_id,
    scopes: JSON.parse(scopes) as readonly Scope[],
    createdAt: created_at,
    expiresAt: expires_at ?? undefined,
    revoked: revoked === 1,
  };
}
