import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ServerProcess, temporaryFolder } from "./server-process.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "parley-test-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function start(name: string, source: string): Promise<ServerProcess> {
  const file = join(folder, `${name}.mjs`);
  await writeFile(file, source);
  return ServerProcess.start({ dataDir: folder, program: [file] });
}

const serving = "console.log('ready http://127.0.0.1:4711'); setInterval(() => {}, 1000);";

describe("a server's process", () => {
  test("is there when it says so, and gone when it is killed", async () => {
    await using server = await start("serving", serving);
    expect(server.url).toBe("http://127.0.0.1:4711");
    expect(await server.residentBytes()).toBeGreaterThan(2 ** 20);
    expect((await server.cpuSeconds()).user).toBeGreaterThanOrEqual(0);
    await server.kill();
    expect(server.running).toBe(false);
    expect(() => process.kill(server.pid, 0)).toThrow("ESRCH");
  });

  test("tells its exit code when it is stopped", async () => {
    await using server = await start("polite", `process.on('SIGTERM', () => process.exit(3)); ${serving}`);
    expect(await server.stop()).toBe(3);
  });

  test("that ends before it is ready is an error with its last words", async () => {
    await expect(start("broken", "console.error('no disk'); process.exit(1);")).rejects.toThrow("no disk");
  });

  test("does not outlive the process that started it, however that dies", async () => {
    const module = new URL("server-process.ts", import.meta.url).href;
    const file = join(folder, "parent.mjs");
    await writeFile(join(folder, "orphan.mjs"), serving);
    await writeFile(
      file,
      `import { ServerProcess } from ${JSON.stringify(module)};
       const program = [${JSON.stringify(join(folder, "orphan.mjs"))}];
       const server = await ServerProcess.start({ dataDir: ".", program });
       console.log(server.pid);
       setInterval(() => {}, 1000);`,
    );
    const parent = spawn(process.execPath, [file], { stdio: ["ignore", "pipe", "inherit"] });
    const [line] = (await once(parent.stdout, "data")) as [Buffer];
    parent.kill("SIGKILL");
    const pid = Number(line.toString());
    await expect.poll(() => existsSync(`/proc/${pid}`), { timeout: 10_000 }).toBe(false);
  });

  test("sees the folder and faults it is given, and none of the tests' own variables", async () => {
    const env =
      "console.log(JSON.stringify(Object.entries(process.env).filter(([name]) => name.startsWith('PARLEY_'))));";
    process.env["PARLEY_TEST_SEED"] ??= "1";
    await using server = await start("env", env + serving);
    expect(server.output).toContain(folder);
    expect(server.output).not.toContain("PARLEY_TEST_SEED");
  });
});

test("a temporary folder is gone after use", async () => {
  await using folder = await temporaryFolder();
  expect(folder.path).toContain("parley-test-");
});
