import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqlite } from "@parley/connections";
import { mustParse, parseTokenId, parseUserId } from "@parley/protocol";
import { expect, test } from "vitest";
import { accountsContract } from "../contract.ts";
import { AccountsUnavailableError } from "../port.ts";
import { SqliteAccounts } from "./sqlite.ts";

async function openAccounts() {
  const folder = await mkdtempDisposable(join(tmpdir(), "accounts-"));
  const database = await openSqlite(join(folder.path, "accounts.sqlite"));
  const accounts = await SqliteAccounts.open({ database });
  return {
    accounts,
    database,
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]();
      await folder.remove();
    },
  };
}

accountsContract("sqlite", openAccounts);

test("accounts outlive the adapter that wrote them", async () => {
  await using opened = await openAccounts();
  const userId = mustParse(parseUserId, "ann");
  const ann = { userId, name: "Ann", bot: false, ownerId: undefined, createdAt: "2026-01-01T00:00:00.000Z" };
  await opened.accounts.putUser(ann);
  const again = await SqliteAccounts.open({ database: opened.database });
  expect(await again.user(userId)).toEqual(ann);
});

test("accounts are unavailable when their database fails", async () => {
  await using opened = await openAccounts();
  await opened.database[Symbol.asyncDispose]();
  await expect(opened.accounts.user(mustParse(parseUserId, "ann"))).rejects.toBeInstanceOf(
    AccountsUnavailableError,
  );
  await expect(opened.accounts.revokeBotToken(mustParse(parseTokenId, "t"))).rejects.toBeInstanceOf(
    AccountsUnavailableError,
  );
});
