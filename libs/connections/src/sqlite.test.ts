import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openSqlite } from "./sqlite.ts";
import type { SqlStep } from "./sqlite-messages.ts";
import { SqliteBusyError, SqliteFailedError, SqliteFullError, WorkerDatabase } from "./worker-database.ts";

let folder: Awaited<ReturnType<typeof mkdtempDisposable>>;
let file: string;

beforeEach(async () => {
  folder = await mkdtempDisposable(join(tmpdir(), "sqlite-"));
  file = join(folder.path, "db.sqlite");
});

afterEach(() => folder.remove());

const step = (sql: string, ...params: SqlStep["params"]): SqlStep => ({ sql, params });
const makeWords = step("CREATE TABLE words (number INTEGER PRIMARY KEY, word ANY)");
const add = (word: string | number | bigint | null | Uint8Array) =>
  step("INSERT INTO words (word) VALUES (?) RETURNING number", word);

test("every sort of value comes back as it went in", async () => {
  await using database = await openSqlite(file);
  const pooled = Buffer.from("view into a pool");
  const values = ["text", 7, 1.5, null, new Uint8Array([1, 2]), pooled];
  await database.write([makeWords, ...values.map(add)]);
  const rows = await database.read("SELECT word FROM words ORDER BY number", []);
  expect(rows.map((row) => row["word"])).toEqual([...values.slice(0, 5), new Uint8Array(pooled)]);
});

test("writes of one turn share one commit, and are answered in the order asked", async () => {
  await using database = await openSqlite(file);
  await database.write([makeWords]);
  using other = new DatabaseSync(file, { readOnly: true });
  const version = () => Number(other.prepare("PRAGMA data_version").get()?.["data_version"]);
  const before = version();
  const answered: unknown[] = [];
  const writes = Array.from({ length: 100 }, async (_, index) => {
    const [result] = await database.write([add(index)]);
    answered.push(result?.rows[0]?.["number"]);
  });
  await Promise.all(writes);
  expect(answered).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
  expect(version() - before).toBe(1);
});

test("changes are counted for a statement that returns nothing", async () => {
  await using database = await openSqlite(file);
  const results = await database.write([makeWords, add("a"), add("b"), step("DELETE FROM words")]);
  expect(results.map((result) => result.changes)).toEqual([0, 0, 0, 2]);
});

test("a request more than may wait is refused as busy, and those that wait are answered", async () => {
  await using database = await openSqlite(file, { pendingMax: 2 });
  const asked = [1, 2, 3].map((value) => database.read("SELECT ? AS value", [value]));
  const settled = await Promise.allSettled(asked);
  expect(settled.map((answer) => answer.status)).toEqual(["fulfilled", "fulfilled", "rejected"]);
  await expect(asked[2]).rejects.toBeInstanceOf(SqliteBusyError);
  expect(await database.read("SELECT 4 AS value", [])).toEqual([{ value: 4 }]);
});

test("a full database rejects with SqliteFullError, a wrong statement with SqliteFailedError", async () => {
  await using database = await openSqlite(file);
  await database.write([makeWords, step("PRAGMA max_page_count = 12")]);
  await expect(database.write([add("x".repeat(100_000))])).rejects.toBeInstanceOf(SqliteFullError);
  await expect(database.read("SELECT nothing FROM nowhere", [])).rejects.toBeInstanceOf(SqliteFailedError);
});

test("closing answers what waits, then refuses", async () => {
  const database = await openSqlite(file);
  const waiting = database.read("SELECT 1 AS value", []);
  await database[Symbol.asyncDispose]();
  expect(await waiting).toEqual([{ value: 1 }]);
  await expect(database.read("SELECT 1", [])).rejects.toBeInstanceOf(SqliteFailedError);
});

test("closing twice is closing once", async () => {
  const database = await openSqlite(file);
  await database[Symbol.asyncDispose]();
  await expect(database[Symbol.asyncDispose]()).resolves.toBeUndefined();
});

test("a thread that dies rejects all that wait and all that comes", async () => {
  const dying = `require("node:worker_threads").parentPort.once("message", () => { throw new Error("dead"); })`;
  const database = new WorkerDatabase(new Worker(dying, { eval: true }), file, 10);
  const asked = [database.read("SELECT 1", []), database.read("SELECT 2", [])];
  const settled = await Promise.allSettled(asked);
  expect(settled.map((answer) => answer.status)).toEqual(["rejected", "rejected"]);
  await expect(database.read("SELECT 3", [])).rejects.toBeInstanceOf(SqliteFailedError);
  await database[Symbol.asyncDispose]();
});

test("a folder that is not there cannot be opened", async () => {
  await expect(openSqlite(join(folder.path, "missing", "db.sqlite"))).rejects.toBeInstanceOf(
    SqliteFailedError,
  );
});

test("the event loop turns while the database works", async () => {
  await using database = await openSqlite(file);
  const slow = `WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < 300000)
    SELECT count(*) AS n FROM counted`;
  let turns = 0;
  const spin = () => {
    turns += 1;
    spinning = setImmediate(spin);
  };
  let spinning = setImmediate(spin);
  expect(await database.read(slow, [])).toEqual([{ n: 300_000 }]);
  clearImmediate(spinning);
  expect(turns).toBeGreaterThan(1);
});
