import { mustParse, parseTokenId, parseUserId, type UserId } from "@parley/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Accounts, BotToken, User } from "./port.ts";

/** Fresh accounts. Disposing them forgets all. */
export interface AccountsUnderTest extends AsyncDisposable {
  readonly accounts: Accounts;
}

const createdAt = "2026-01-01T00:00:00.000Z";
const userId = (text: string) => mustParse(parseUserId, text);
const tokenId = (text: string) => mustParse(parseTokenId, text);
const ann = userId("ann");

const person = (id: string, name = id): User => ({
  userId: userId(id),
  name,
  bot: false,
  ownerId: undefined,
  createdAt,
});
const bot = (id: string, ownerId: UserId = ann): User => ({ ...person(id), bot: true, ownerId });
const token = (id: string, of: string): BotToken => ({
  tokenId: tokenId(id),
  userId: userId(of),
  scopes: ["messages:write", "rooms:read"],
  createdAt,
  expiresAt: undefined,
  revoked: false,
});

/** The promises of `Accounts`, on a real store. */
export function accountsContract(name: string, open: () => Promise<AccountsUnderTest>): void {
  describe(`the accounts contract, ${name}`, () => {
    let subject: AccountsUnderTest;
    beforeEach(async () => {
      subject = await open();
    });
    afterEach(async () => {
      await subject[Symbol.asyncDispose]();
    });
    const accounts = (): Accounts => subject.accounts;
    const put = async (...users: readonly User[]) => {
      for (const user of users) await accounts().putUser(user);
    };
    const found = async (page: Partial<Parameters<Accounts["users"]>[0]>) => {
      const users = await accounts().users({ query: undefined, after: undefined, limit: 100, ...page });
      return users.map((user): string => user.userId);
    };

    describe("users", () => {
      test("are remembered as they were put", async () => {
        await put(person("ann", "Ann «A» O'Hara 👩‍👩‍👧"), bot("robot"));
        expect(await accounts().user(ann)).toEqual(person("ann", "Ann «A» O'Hara 👩‍👩‍👧"));
        expect(await accounts().user(userId("robot"))).toEqual(bot("robot"));
        expect(await accounts().user(userId("nobody"))).toBeUndefined();
      });

      test("put again get their new name and keep the rest", async () => {
        await put(person("ann", "Ann"), { ...person("ann", "Anna"), createdAt: "2027-01-01T00:00:00.000Z" });
        expect(await accounts().user(ann)).toEqual(person("ann", "Anna"));
        expect(await found({ query: "anna" })).toEqual(["ann"]);
      });

      test("never turn from a bot into a person, nor back", async () => {
        await put(bot("robot"), person("robot", "human"), person("ann"), bot("ann"));
        expect(await accounts().user(userId("robot"))).toEqual(bot("robot"));
        expect(await accounts().user(ann)).toEqual(person("ann"));
        expect(await accounts().botsOf(ann)).toEqual([bot("robot")]);
      });

      test("come in pages by id", async () => {
        await put(...["c", "a", "e", "d", "b"].map((id) => person(id)));
        expect(await found({ limit: 2 })).toEqual(["a", "b"]);
        expect(await found({ limit: 2, after: userId("b") })).toEqual(["c", "d"]);
        expect(await found({ limit: 2, after: userId("d") })).toEqual(["e"]);
        expect(await found({ limit: 2, after: userId("e") })).toEqual([]);
      });

      test("are found by a part of their name regardless of case, taken literally", async () => {
        await put(person("a", "Zoë Ärzte"), person("b", "100% zoË"), person("c", "1000 zoo"));
        expect(await found({ query: "ZOË" })).toEqual(["a", "b"]);
        expect(await found({ query: "ärz" })).toEqual(["a"]);
        expect(await found({ query: "0%" })).toEqual(["b"]);
        expect(await found({ query: "_" })).toEqual([]);
        expect(await found({ query: "" })).toEqual(["a", "b", "c"]);
        expect(await found({ query: "zo", after: userId("a"), limit: 1 })).toEqual(["b"]);
      });
    });

    test("an owner's bots are listed by id, and nobody else's", async () => {
      await put(person("ann"), bot("r2"), bot("r1"), bot("other", userId("bob")));
      expect(await accounts().botsOf(ann)).toEqual([bot("r1"), bot("r2")]);
      expect(await accounts().botsOf(userId("nobody"))).toEqual([]);
    });

    describe("bot tokens", () => {
      test("are found by their hash alone", async () => {
        const limited = { ...token("t1", "r1"), expiresAt: "2027-01-01T00:00:00.000Z" };
        await accounts().putBotToken(limited, "hash-1");
        await accounts().putBotToken(token("t2", "r1"), "hash-2");
        expect(await accounts().botTokenByHash("hash-1")).toEqual(limited);
        expect(await accounts().botTokenByHash("hash-2")).toEqual(token("t2", "r1"));
        expect(await accounts().botTokenByHash("HASH-1")).toBeUndefined();
        expect(await accounts().botTokenByHash("t1")).toBeUndefined();
      });

      test("of a bot are listed, and no other's", async () => {
        for (const [id, of] of [
          ["t1", "r1"],
          ["t2", "r2"],
          ["t3", "r1"],
        ] as const) {
          await accounts().putBotToken(token(id, of), `hash of ${id}`);
        }
        const listed = await accounts().botTokens(userId("r1"));
        expect(new Set(listed)).toEqual(new Set([token("t1", "r1"), token("t3", "r1")]));
      });

      test("revoked stay listed and dead, also when put again", async () => {
        await accounts().putBotToken(token("t1", "r1"), "hash-1");
        expect(await accounts().revokeBotToken(tokenId("t1"))).toBe(true);
        expect(await accounts().revokeBotToken(tokenId("t1"))).toBe(true);
        await accounts().putBotToken(token("t1", "r1"), "hash-1");
        const revoked = { ...token("t1", "r1"), revoked: true };
        expect(await accounts().botTokenByHash("hash-1")).toEqual(revoked);
        expect(await accounts().botTokens(userId("r1"))).toEqual([revoked]);
      });

      test("that never were cannot be revoked", async () => {
        expect(await accounts().revokeBotToken(tokenId("t1"))).toBe(false);
        expect(await accounts().botTokens(userId("r1"))).toEqual([]);
      });
    });
  });
}
