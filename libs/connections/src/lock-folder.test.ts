import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposable, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FolderLockedError, lockFolder } from "./lock-folder.ts";

let folder: Awaited<ReturnType<typeof mkdtempDisposable>>;
let holders: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtempDisposable(join(tmpdir(), "lock-"));
});

// Also after a claim failed: a holder left alive would keep the test run waiting.
afterEach(async () => {
  for (const child of holders) child.kill("SIGKILL");
  holders = [];
  await folder.remove();
});

/** Another process that takes the folder and lives until it is killed. */
async function holder(path: string) {
  const source = `
    import { lockFolder } from ${JSON.stringify(new URL("lock-folder.ts", import.meta.url).href)};
    const lock = await lockFolder(${JSON.stringify(path)});
    console.log("held");
    setInterval(() => lock, 60_000);`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", source], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  holders.push(child);
  await once(child.stdout, "data");
  return child;
}

test("a second process is refused with the folder and the holder's process id, until the holder is killed", async () => {
  const child = await holder(folder.path);
  const refusal = await lockFolder(folder.path).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(FolderLockedError);
  expect(refusal).toMatchObject({ folder: folder.path, holder: child.pid });
  expect(String(refusal)).toContain(`${folder.path} is in use by process ${child.pid}`);

  child.kill("SIGKILL");
  await once(child, "exit");
  await using lock = await lockFolder(folder.path);
  expect(lock).toBeDefined();
});

test("the same process is refused too", async () => {
  await using lock = await lockFolder(folder.path);
  await expect(lockFolder(folder.path)).rejects.toMatchObject({ holder: process.pid });
  expect(lock).toBeDefined();
});

test("a folder that is missing is made, and given back it is free", async () => {
  const path = join(folder.path, "data");
  await (await lockFolder(path))[Symbol.asyncDispose]();
  await using lock = await lockFolder(path);
  expect(await readdir(path)).toContain("lock.pid");
  expect(lock).toBeDefined();
});
