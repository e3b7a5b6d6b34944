import type { Scope, TokenId, UserId } from "@parley/protocol";

export interface User {
  readonly userId: UserId;
  readonly name: string;
  readonly bot: boolean;
  /** Who made the bot, and may make and revoke its tokens. */
  readonly ownerId: UserId | undefined;
  /** RFC 3339, UTC, ms. */
  readonly createdAt: string;
}

export interface BotToken {
  readonly tokenId: TokenId;
  readonly userId: UserId;
  readonly scopes: readonly Scope[];
  readonly createdAt: string;
  readonly expiresAt: string | undefined;
  readonly revoked: boolean;
}

/** Accounts cannot be read or written now. Ask again later. */
export class AccountsUnavailableError extends Error {
  override readonly name = "AccountsUnavailableError";
  readonly retryable = true;
}

export interface UserPage {
  /** Matched within the name, regardless of case; without it all users. */
  readonly query: string | undefined;
  readonly after: UserId | undefined;
  readonly limit: number;
}

/**
 * Who is known here. People come with tokens of an identity provider and are remembered when first seen; bots are made
 * here. A bot token is stored only as its SHA-256, so a stolen store opens nothing.
 */
export interface Accounts {
  /** Remembers the user, or its new name. Never turns a bot into a person or back. */
  putUser(user: User): Promise<void>;
  user(userId: UserId): Promise<User | undefined>;
  /** Ascending by id. */
  users(page: UserPage): Promise<readonly User[]>;
  botsOf(owner: UserId): Promise<readonly User[]>;

  /** `hash`: SHA-256 of the token, base64url. */
  putBotToken(token: BotToken, hash: string): Promise<void>;
  botTokenByHash(hash: string): Promise<BotToken | undefined>;
  botTokens(userId: UserId): Promise<readonly BotToken[]>;
  /** Whether there was such a token. A revoked one stays listed, and dead. */
  revokeBotToken(tokenId: TokenId): Promise<boolean>;
}
