import type { TokenId, UserId } from "@parley/protocol";
import { type Accounts, AccountsUnavailableError, type BotToken, type User, type UserPage } from "../port.ts";
import { foldCase } from "../fold-case.ts";
import {
  isDatabaseFailure,
  type SqliteDatabase,
  type SqlResult,
  type SqlRow,
  type SqlValue,
} from "./sqlite/database.ts";
import { botTokenOf, userOf } from "./sqlite/rows.ts";
import * as statements from "./sqlite/statements.ts";

export type { SqliteDatabase } from "./sqlite/database.ts";

export interface SqliteAccountsOptions {
  /** The caller's to close. */
  readonly database: SqliteDatabase;
}

/** Accounts in one SQLite file of one process. */
export class SqliteAccounts implements Accounts {
  readonly #database: SqliteDatabase;

  /** Makes the tables that are missing. Throws `AccountsUnavailableError`. */
  static async open({ database }: SqliteAccountsOptions): Promise<SqliteAccounts> {
    await orUnavailable(database.write(statements.tables.map((sql) => ({ sql, params: [] }))));
    return new SqliteAccounts(database);
  }

  private constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  async putUser({ userId, name, bot, ownerId, createdAt }: User): Promise<void> {
    const row = [userId, name, foldCase(name), bot ? 1 : 0, ownerId ?? null, createdAt];
    await this.#write(statements.putUser, row);
  }

  async user(userId: UserId): Promise<User | undefined> {
    const [row] = await this.#read(statements.user, [userId]);
    return row && userOf(row);
  }

  async users({ query, after, limit }: UserPage): Promise<readonly User[]> {
    const part = query === undefined ? "" : foldCase(query);
    return (await this.#read(statements.users, [after ?? "", part, limit])).map(userOf);
  }

  async botsOf(owner: UserId): Promise<readonly User[]> {
    return (await this.#read(statements.botsOf, [owner])).map(userOf);
  }

  async putBotToken(token: BotToken, hash: string): Promise<void> {
    const { tokenId, userId, scopes, createdAt, expiresAt, revoked } = token;
    const row = [
      tokenId,
      hash,
      userId,
      JSON.stringify(scopes),
      createdAt,
      expiresAt ?? null,
      revoked ? 1 : 0,
    ];
    await this.#write(statements.putBotToken, row);
  }

  async botTokenByHash(hash: string): Promise<BotToken | undefined> {
    const [row] = await this.#read(statements.botTokenByHash, [hash]);
    return row && botTokenOf(row);
  }

  async botTokens(userId: UserId): Promise<readonly BotToken[]> {
    return (await this.#read(statements.botTokens, [userId])).map(botTokenOf);
  }

  async revokeBotToken(tokenId: TokenId): Promise<boolean> {
    const [result] = await this.#write(statements.revokeBotToken, [tokenId]);
    return (result?.changes ?? 0) > 0;
  }

  #write(sql: string, params: readonly SqlValue[]): Promise<readonly SqlResult[]> {
    return orUnavailable(this.#database.write([{ sql, params }]));
  }

  #read(sql: string, params: readonly SqlValue[]): Promise<readonly SqlRow[]> {
    return orUnavailable(this.#database.read(sql, params));
  }
}

async function orUnavailable<Value>(asked: Promise<Value>): Promise<Value> {
  try {
    return await asked;
  } catch (cause) {
    if (!isDatabaseFailure(cause)) throw cause;
    throw new AccountsUnavailableError("the accounts' database did not answer", { cause });
  }
}
