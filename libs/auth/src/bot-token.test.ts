import { createHash } from "node:crypto";
import { parseTokenId } from "@parley/protocol";
import { expect, test } from "vitest";
import { hashBotToken, isBotToken, newBotToken } from "./bot-token.ts";

test("every bot token is another, with an id that says nothing of it", () => {
  const made = Array.from({ length: 100 }, newBotToken);
  expect(new Set(made.map(({ token }) => token)).size).toBe(100);
  expect(new Set(made.map(({ tokenId }) => tokenId)).size).toBe(100);
  for (const { token, tokenId } of made) {
    expect(isBotToken(token)).toBe(true);
    expect(parseTokenId(tokenId)).toBe(tokenId);
    expect(token).not.toContain(tokenId.slice(2));
  }
});

test("the hash is the token's SHA-256 as base64url", () => {
  const { token, hash } = newBotToken();
  expect(hash).toBe(createHash("sha256").update(token).digest("base64url"));
  expect(hashBotToken(token)).toBe(hash);
});

test.each(["", "pb_", "pb_short", `pb_${"a".repeat(44)}`, `pb_${"!".repeat(43)}`, `xx_${"a".repeat(43)}`])(
  "%j has not a bot token's form",
  (text) => {
    expect(isBotToken(text)).toBe(false);
  },
);
