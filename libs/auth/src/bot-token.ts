import { createHash, randomBytes } from "node:crypto";
import { mustParse, parseTokenId, type TokenId } from "@parley/protocol";

export const botTokenPrefix = "pb_";
const secretBytes = 32;
const idBytes = 12;
const botTokenPattern = /^pb_[A-Za-z0-9_-]{43}$/u;

export interface NewBotToken {
  /** Shown once, stored nowhere. */
  readonly token: string;
  readonly tokenId: TokenId;
  /** What is stored: see `hashBotToken`. */
  readonly hash: string;
}

/** A bot token of 256 random bits: `pb_` and 43 characters of base64url. */
export function newBotToken(): NewBotToken {
  const token = `${botTokenPrefix}${randomBytes(secretBytes).toString("base64url")}`;
  const tokenId = mustParse(parseTokenId, `t_${randomBytes(idBytes).toString("base64url")}`);
  return { token, tokenId, hash: hashBotToken(token) };
}

/** Whether `token` has a bot token's form; nothing is looked up for one that has not. */
export const isBotToken = (token: string): boolean => botTokenPattern.test(token);

/** SHA-256, base64url. Unsalted and fast is enough here: the token is random, so there is nothing to guess. */
export const hashBotToken = (token: string): string => createHash("sha256").update(token).digest("base64url");
