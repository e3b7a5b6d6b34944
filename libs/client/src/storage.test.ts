import { type FileHandle, mkdir, mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { FileStorage } from "./adapters/file-storage.ts";
import { Cursors } from "./cursors.ts";
import { type ClientStorage, MemoryStorage } from "./storage.ts";
import { FakeClock } from "./testing/fake-clock.ts";
import { lobby } from "./testing/room-log-model.ts";

let folder = "";
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "parley-client-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});
/** The disk is full in the middle of the next write. */
async function fillDiskOnce() {
  const handle = await open(join(folder, "any"), "w");
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  const append = prototype.appendFile;
  vi.spyOn(prototype, "appendFile").mockImplementationOnce(async function torn(this: FileHandle, data) {
    await append.call(this, (data as string).slice(0, 9));
    throw new Error("ENOSPC: no space left on device");
  });
}
afterEach(() => {
  vi.restoreAllMocks();
});
const newPath = () => {
  files += 1;
  return join(folder, "new", `${files}.journal`);
};

const storages: readonly (readonly [string, () => Promise<ClientStorage>])[] = [
  ["memory", async () => new MemoryStorage()],
  ["file", () => FileStorage.open(newPath())],
];

describe.each(storages)("a storage in %s", (_, open) => {
  test("reads back what was written under a prefix, ascending by key", async () => {
    const storage = await open();
    const value = { text: "Zoë 👍🏽\n", nested: [1, null, { yes: true }] };
    await storage.write([
      { key: "b/2", value },
      { key: "b/10", value: 10 },
      { key: "a/1", value: "other" },
    ]);
    expect(await storage.read("b/")).toEqual([
      { key: "b/10", value: 10 },
      { key: "b/2", value },
    ]);
    expect(await storage.read("c/")).toEqual([]);
    await storage.close();
  });

  test("the later change of a key wins, within a write and after it", async () => {
    const storage = await open();
    await storage.write([
      { key: "a", value: 1 },
      { key: "a", value: 2 },
      { key: "b", value: 1 },
      { key: "b", remove: true },
      { key: "never", remove: true },
    ]);
    expect(await storage.read("")).toEqual([{ key: "a", value: 2 }]);
    await Promise.all([
      storage.write([{ key: "a", value: 3 }]),
      storage.write([{ key: "a", remove: true }]),
      storage.write([{ key: "a", value: 4 }]),
    ]);
    expect(await storage.read("a")).toEqual([{ key: "a", value: 4 }]);
    await storage.close();
  });

  test("what is read is a copy", async () => {
    const storage = await open();
    const value = { list: [1] };
    await storage.write([{ key: "a", value }]);
    value.list.push(2);
    const [item] = await storage.read("a");
    (item!.value as typeof value).list.push(3);
    expect(await storage.read("a")).toEqual([{ key: "a", value: { list: [1] } }]);
    await storage.close();
  });
});

describe("a file storage", () => {
  test("holds after it was closed and opened again", async () => {
    const path = newPath();
    const storage = await FileStorage.open(path);
    await storage.write([
      { key: "a", value: 1 },
      { key: "b", value: 2 },
    ]);
    await storage.write([{ key: "b", remove: true }]);
    await storage.close();
    const again = await FileStorage.open(path);
    expect(await again.read("")).toEqual([{ key: "a", value: 1 }]);
    await again.close();
  });

  test("ignores the torn end of a write that a crash cut off", async () => {
    const path = newPath();
    const storage = await FileStorage.open(path);
    await storage.write([{ key: "a", value: 1 }]);
    await storage.close();
    await writeFile(path, `${await readFile(path, "utf8")}[{"key":"b","val`);
    const again = await FileStorage.open(path);
    await again.write([{ key: "c", value: 3 }]);
    await again.close();
    const third = await FileStorage.open(path);
    expect((await third.read("")).map(({ key }) => key)).toEqual(["a", "c"]);
    await third.close();
  });

  test("loses nothing but the write for which the disk was full", async () => {
    const path = newPath();
    const storage = await FileStorage.open(path);
    await storage.write([{ key: "a", value: 1 }]);
    await fillDiskOnce();
    await expect(storage.write([{ key: "b", value: 2 }])).rejects.toThrow("ENOSPC");
    await storage.write([{ key: "c", value: 3 }]);
    await storage.close();
    const again = await FileStorage.open(path);
    expect((await again.read("")).map(({ key }) => key)).toEqual(["a", "c"]);
    await again.close();
  });

  test("has stored a change even if the journal could not be shortened after it", async () => {
    const path = newPath();
    const storage = await FileStorage.open(path);
    await storage.write([{ key: "a", value: -1 }]);
    await mkdir(`${path}.new`);
    for (let index = 0; index < 1_005; index += 1) await storage.write([{ key: "a", value: index }]);
    await rm(`${path}.new`, { recursive: true });
    await storage.write([{ key: "b", value: 1 }]);
    await storage.close();
    const again = await FileStorage.open(path);
    expect(await again.read("")).toEqual([
      { key: "a", value: 1_004 },
      { key: "b", value: 1 },
    ]);
    await again.close();
  });

  test("does not grow with the number of writes", async () => {
    const path = newPath();
    const storage = await FileStorage.open(path);
    for (let index = 0; index < 1_100; index += 1) await storage.write([{ key: "a", value: index }]);
    await storage.close();
    const lines = (await readFile(path, "utf8")).split("\n").length;
    expect(lines).toBeLessThan(200);
    const again = await FileStorage.open(path);
    expect(await again.read("a")).toEqual([{ key: "a", value: 1_099 }]);
    await again.close();
  });
});

describe("cursors", () => {
  test("are written together a moment later, and found by the next client", async () => {
    const clock = new FakeClock();
    const storage = new MemoryStorage();
    const cursors = new Cursors(storage, { clock, writeMs: 500 });
    cursors.set(lobby, { epoch: 1, seq: 3 });
    cursors.set(lobby, { epoch: 1, seq: 4 });
    expect(await storage.read("cursor/")).toEqual([]);
    await clock.advance(500);
    const next = new Cursors(storage, { clock, writeMs: 500 });
    await next.load();
    expect(next.get(lobby)).toEqual({ epoch: 1, seq: 4 });
  });

  test("that could not be written are written with the next ones", async () => {
    const clock = new FakeClock();
    const storage = new MemoryStorage();
    const write = storage.write.bind(storage);
    storage.write = async () => {
      throw new Error("disk full");
    };
    const cursors = new Cursors(storage, { clock, writeMs: 500 });
    cursors.set(lobby, { epoch: 1, seq: 3 });
    await clock.advance(500);
    storage.write = write;
    await cursors.flush();
    expect(await storage.read("cursor/")).toEqual([{ key: "cursor/r_lobby", value: { epoch: 1, seq: 3 } }]);
  });
});
