import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { World } from "./src/world.ts";

const root = resolve(import.meta.dirname, "..");
const run = promisify(execFile);

/** The readme's block of shell, with the address of a server that is there. */
async function readmeShell(url: string): Promise<string> {
  const readme = await readFile(join(root, "README.md"), "utf8");
  const block = /^```sh\n([\s\S]*?)\n```$/mu.exec(readme)?.[1];
  if (block?.includes("http://127.0.0.1:3000") !== true) throw new Error("the readme shows no bot of curl");
  return block.replace("http://127.0.0.1:3000", url);
}

test("the readme's bot posts, and its last line again posts nothing more", async () => {
  await using world = await World.start();
  const shell = await readmeShell(world.url);
  const again = shell.split("\n").at(-1) ?? "";
  const { stdout } = await run("bash", ["-ec", `${shell}\necho\n${again}\n`]);
  const [second = "", first = ""] = stdout.split("\n").toReversed();
  expect(JSON.parse(first)).toMatchObject({ text: "build 42 is green", n: 1 });
  expect(second).toBe(first);
});

test("the readme's SDK sample says hello and hears it", async () => {
  await using world = await World.start();
  const ann = await world.person("Ann");
  const room = await world.room(ann);
  const { stdout } = await run(process.execPath, ["docs/examples/sdk.ts", world.url, ann.token, room], {
    cwd: root,
  });
  expect(stdout).toBe(`2 ${ann.userId}: hello\n`);
});
