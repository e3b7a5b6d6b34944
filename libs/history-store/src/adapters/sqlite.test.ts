import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqlite } from "@parley/connections";
import { describe, expect, test } from "vitest";
import { historyStoreContract } from "../contract.ts";
import { SmallRoom, ts } from "../contract/small-room.ts";
import { StoreUnavailableError } from "../port.ts";
import { SqliteHistoryStore } from "./sqlite.ts";

async function openStore() {
  const folder = await mkdtempDisposable(join(tmpdir(), "history-"));
  const database = await openSqlite(join(folder.path, "history.sqlite"));
  const store = await SqliteHistoryStore.open({ database });
  return {
    store,
    database,
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]();
      await folder.remove();
    },
  };
}

historyStoreContract("sqlite", openStore);

describe("the SQLite history store", () => {
  test("knows the newest epoch of all floors", async () => {
    await using opened = await openStore();
    expect(await opened.store.newestEpoch()).toBeUndefined();
    for (const epoch of [1, 600, 2]) {
      const small = new SmallRoom(opened.store);
      await small.apply([small.entry([small.message(1)])], epoch);
    }
    expect(await opened.store.newestEpoch()).toBe(600);
  });

  test("tells seqs of an epoch whose stamps exceed what a number can hold", async () => {
    await using opened = await openStore();
    const small = new SmallRoom(opened.store);
    await small.apply([small.entry([small.created("far"), small.message(2)])], 100_000);
    expect(await opened.store.message(small.room, 2)).toMatchObject({ lastSeq: 2 });
    expect(await opened.store.member(small.room, small.ann)).toMatchObject({ sinceSeq: 1, lastSeq: 1 });
    expect(await opened.store.room(small.room)).toMatchObject({ epoch: 100_000, record: { head: 2 } });
  });

  test("keeps an unreadable entry's bytes aside, once", async () => {
    await using opened = await openStore();
    const small = new SmallRoom(opened.store);
    const event = { kind: "invalid" as const, seq: 1, n: 0, ts, author: small.ann };
    const entry = { ...small.entry([event]), deadLetter: new Uint8Array([0, 255]) };
    await small.apply([entry]);
    await small.apply([entry]);
    const letters = await opened.database.read("SELECT position, header, bytes FROM dead_letters", []);
    expect(letters).toEqual([
      { position: 1, header: JSON.stringify(entry.header), bytes: new Uint8Array([0, 255]) },
    ]);
  });

  test("removes a deleted message's words from its row", async () => {
    await using opened = await openStore();
    const small = new SmallRoom(opened.store);
    const deleted = {
      kind: "message.deleted" as const,
      seq: 2,
      n: 1,
      ts,
      author: small.ann,
      target: 1,
      version: 2,
    };
    await small.write(small.message(1, "secret"), deleted);
    expect(await opened.database.read("SELECT text, metadata FROM room_messages", [])).toEqual([
      { text: "", metadata: null },
    ]);
  });

  test("is unavailable when its database fails", async () => {
    await using opened = await openStore();
    const { store, database } = opened;
    await database[Symbol.asyncDispose]();
    const { room, ann, partition } = new SmallRoom(store);
    await expect(store.room(room)).rejects.toBeInstanceOf(StoreUnavailableError);
    await expect(store.raiseMark(ann, room, 1)).rejects.toBeInstanceOf(StoreUnavailableError);
    await expect(store.floor(partition)).rejects.toBeInstanceOf(StoreUnavailableError);
  });
});
