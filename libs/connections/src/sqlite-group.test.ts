import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SqliteGroup } from "./sqlite-group.ts";
import type { SqlAnswer, SqlRequest } from "./sqlite-messages.ts";

let folder: Awaited<ReturnType<typeof mkdtempDisposable>>;
let file: string;
let group: SqliteGroup;

beforeEach(async () => {
  folder = await mkdtempDisposable(join(tmpdir(), "group-"));
  file = join(folder.path, "db.sqlite");
  group = new SqliteGroup({ file, busyTimeoutMs: 0 });
  group.serve([ask("CREATE TABLE words (word TEXT UNIQUE)")]);
});

afterEach(async () => {
  group.close();
  await folder.remove();
});

const ask = (...sqls: string[]): SqlRequest => ({ steps: sqls.map((sql) => ({ sql, params: [] })) });
const add = (word: string) => `INSERT INTO words VALUES ('${word}')`;
const oks = (answers: readonly SqlAnswer[]) => answers.map((answer) => answer.ok);

/** As another connection sees it: what is committed. */
function committed(): unknown[] {
  using other = new DatabaseSync(file, { readOnly: true });
  return other
    .prepare("SELECT word FROM words ORDER BY word")
    .all()
    .map((row) => row["word"]);
}

/** Counts in the file's own header, which every commit of another connection moves on. */
function dataVersion(other: DatabaseSync): unknown {
  return other.prepare("PRAGMA data_version").get()?.["data_version"];
}

test("many requests of a group make one commit", () => {
  using other = new DatabaseSync(file, { readOnly: true });
  const before = Number(dataVersion(other));
  expect(oks(group.serve(["a", "b", "c"].map((word) => ask(add(word)))))).toEqual([true, true, true]);
  expect(Number(dataVersion(other)) - before).toBe(1);
  expect(committed()).toEqual(["a", "b", "c"]);
});

test("a request that fails is undone alone and whole", () => {
  const answers = group.serve([ask(add("a")), ask(add("b"), add("a")), ask(add("c"))]);
  expect(oks(answers)).toEqual([true, false, true]);
  expect(committed()).toEqual(["a", "c"]);
});

test("a request sees what those before it wrote", () => {
  const [, read] = group.serve([ask(add("a")), ask("SELECT word FROM words")]);
  expect(read).toEqual({ ok: true, results: [{ rows: [{ word: "a" }], changes: 0 }] });
});

test("a full file fails the whole group and stores nothing of it, and the next group goes on", () => {
  group.serve([ask("PRAGMA max_page_count = 12")]);
  const big = ask("INSERT INTO words VALUES (hex(zeroblob(100000)))");
  const answers = group.serve([ask(add("a")), big, ask(add("b"))]);
  expect(answers.map((answer) => !answer.ok && answer.fault.code)).toEqual([13, 13, 13]);
  expect(committed()).toEqual([]);
  expect(oks(group.serve([ask(add("c"))]))).toEqual([true]);
});

test("a commit that fails fails every request of the group and stores nothing of it", () => {
  group.serve([
    ask(
      "CREATE TABLE owners (id INTEGER PRIMARY KEY)",
      "CREATE TABLE pets (owner INTEGER REFERENCES owners (id) DEFERRABLE INITIALLY DEFERRED)",
    ),
  ]);
  expect(oks(group.serve([ask(add("a")), ask("INSERT INTO pets VALUES (7)")]))).toEqual([false, false]);
  expect(committed()).toEqual([]);
  expect(oks(group.serve([ask(add("b"))]))).toEqual([true]);
});

test("a file is in WAL mode and flushed at every commit", () => {
  const [answer] = group.serve([ask("PRAGMA journal_mode", "PRAGMA synchronous")]);
  expect(answer?.ok && answer.results.map((result) => Object.values(result.rows[0] ?? {}))).toEqual([
    ["wal"],
    [2],
  ]);
});
