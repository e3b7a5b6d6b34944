import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { runNode } from "./child-process.ts";

const root = resolve(import.meta.dirname, "..");

/** `importer` → what it imports → the rule that must forbid it. */
const forbidden: readonly (readonly [importer: string, imported: string, rule: string])[] = [
  ["apps/gateway/src/domain/admit.ts", "node:fs", "no-node-in-domain"],
  ["apps/gateway/src/domain/emit.ts", "socket.io", "imports-of-domain"],
  ["apps/gateway/src/domain/back.ts", "../actors/room.ts", "imports-of-domain"],
  ["apps/gateway/src/actors/listen.ts", "fastify", "imports-of-actors"],
  ["apps/gateway/src/actors/steal.ts", "@parley/history/service", "imports-of-actors"],
  ["apps/gateway/src/service.ts", "@parley/room-log/sqlite", "imports-of-service"],
  ["apps/gateway/src/transport/open.ts", "@parley/connections", "connections-only-by-main"],
  ["apps/history/src/main.ts", "@parley/gateway/service", "imports-of-main"],
  ["apps/history/src/domain/log-it.ts", "@parley/telemetry", "imports-of-domain"],
  ["apps/gateway/src/lost.ts", "@parley/protocol", "place-without-a-row"],
  ["apps/standalone/src/chat.ts", "@parley/gateway/service", "imports-of-terminal-chat"],
  ["libs/protocol/src/upwards.ts", "@parley/rooms", "imports-of-protocol"],
  ["libs/protocol/src/reads.ts", "node:fs", "no-node-in-protocol"],
  ["libs/protocol/src/other.ts", "ws", "imports-of-protocol"],
  ["libs/rooms/src/stores.ts", "@parley/room-log", "imports-of-rooms"],
  ["libs/rooms/src/random.ts", "node:crypto", "no-node-in-rooms"],
  ["libs/room-log/src/adapters/sqlite.ts", "./memory.ts", "imports-of-sqlite-adapter"],
  ["libs/room-log/src/adapters/memory.ts", "@parley/roster", "imports-of-memory-adapter"],
  ["libs/room-log/src/port.ts", "./adapters/sqlite.ts", "imports-of-port"],
  ["libs/room-log/src/peeks.ts", "./contract.ts", "contract-only-by-tests"],
  ["libs/room-log/src/index.ts", "./port.test.ts", "tests-are-not-imported"],
  ["libs/client/src/session.ts", "node:fs", "no-node-in-client"],
  ["libs/client/src/saves.ts", "./adapters/file-storage.ts", "imports-of-client"],
  ["libs/client/src/round.ts", "./trip.ts", "no-cycle"],
  ["libs/client/src/nowhere.ts", "./gone.ts", "no-unresolved-import"],
  ["libs/telemetry/src/sees.ts", "@parley/protocol", "imports-of-telemetry"],
  ["e2e/inside.ts", "@parley/rooms", "imports-of-e2e"],
  ["libs/rooms/src/rooms.test.ts", "@parley/room-log", "imports-of-library-test"],
  ["apps/history/src/actors/peeks.ts", "./testing/world.ts", "test-support-only-by-tests"],
  ["tools/peeks.ts", "@parley/protocol", "imports-of-tools"],
  ["tools/docs/peeks.ts", "@parley/gateway/service", "imports-of-docs-tool"],
  ["docs/examples/inside.ts", "@parley/rooms", "imports-of-example"],
  ["docs/examples/saves.ts", "node:fs", "no-node-in-example"],
];

const allowed: readonly (readonly [importer: string, imported: string])[] = [
  ["libs/client/src/trip.ts", "./round.ts"],
  ["libs/protocol/src/index.ts", "typebox"],
  ["libs/rooms/src/index.ts", "@parley/protocol"],
  ["libs/room-log/src/contract.ts", "./port.ts"],
  ["libs/room-log/src/contract.ts", "vitest"],
  ["libs/room-log/src/adapters/sqlite.ts", "../port.ts"],
  ["libs/room-log/src/adapters/sqlite.ts", "./sqlite-rows.ts"],
  ["libs/room-log/src/adapters/sqlite.ts", "node:sqlite"],
  ["libs/room-log/src/adapters/sqlite.test.ts", "../contract.ts"],
  ["libs/room-log/src/adapters/sqlite.test.ts", "./sqlite.ts"],
  ["libs/room-log/src/adapters/sqlite.test.ts", "@parley/connections"],
  ["libs/room-log/src/port.test.ts", "vitest"],
  ["libs/client/src/adapters/file-storage.ts", "node:fs"],
  ["apps/history/src/domain/decide.ts", "@parley/rooms"],
  ["apps/history/src/actors/room.ts", "@parley/room-log"],
  ["apps/history/src/actors/room.ts", "../domain/decide.ts"],
  ["apps/gateway/src/actors/room.ts", "@parley/bus"],
  ["apps/gateway/src/transport/sockets.ts", "socket.io"],
  ["apps/gateway/src/transport/sockets.ts", "../actors/room.ts"],
  ["apps/history/src/service.ts", "./actors/room.ts"],
  ["apps/history/src/actors/testing/world.ts", "@parley/connections"],
  ["apps/gateway/src/main.ts", "./service.ts"],
  ["apps/gateway/src/main.ts", "@parley/connections"],
  ["apps/standalone/src/main.ts", "@parley/gateway/service"],
  ["apps/standalone/src/main.ts", "@parley/room-log/sqlite"],
  ["tools/docs/tables.ts", "@parley/protocol"],
  ["docs/examples/reads.ts", "@parley/protocol"],
];

/** Files that are only imported. */
const bystanders = [
  "apps/gateway/src/config.ts",
  "libs/bus/src/index.ts",
  "libs/connections/src/index.ts",
  "libs/room-log/src/adapters/sqlite-rows.ts",
  "libs/roster/src/index.ts",
  "libs/telemetry/src/index.ts",
];

const packages: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "apps/gateway": { "./service": "./src/service.ts" },
  "apps/history": { "./service": "./src/service.ts" },
  "libs/bus": { ".": "./src/index.ts" },
  "libs/connections": { ".": "./src/index.ts" },
  "libs/protocol": { ".": "./src/index.ts" },
  "libs/room-log": { ".": "./src/index.ts", "./sqlite": "./src/adapters/sqlite.ts" },
  "libs/rooms": { ".": "./src/index.ts" },
  "libs/roster": { ".": "./src/index.ts" },
  "libs/telemetry": { ".": "./src/index.ts" },
};

const libraries = ["fastify", "socket.io", "typebox", "vitest", "ws"];

interface Violation {
  readonly from: string;
  readonly rule: { readonly name: string };
}

async function folder() {
  const path = await mkdtemp(join(tmpdir(), "parley-import-rules-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

/** A workspace of its own: `imports` as source files, with just enough packages to resolve them. */
async function plant(tree: string, imports: readonly (readonly [string, string, ...unknown[]])[]) {
  const sources = new Map<string, string[]>(bystanders.map((file) => [file, []]));
  for (const [importer, imported] of imports) {
    const lines = sources.get(importer) ?? [];
    sources.set(importer, [...lines, `import * as i${lines.length} from "${imported}";\n`]);
  }
  for (const [file, lines] of sources) {
    await write(
      join(tree, file),
      `${lines.join("")}export const here = [${lines.map((_, i) => `i${i}`).join(", ")}];\n`,
    );
  }
  for (const [folder, exports] of Object.entries(packages)) {
    const name = `@parley/${folder.split("/")[1]}`;
    await write(join(tree, folder, "package.json"), JSON.stringify({ name, type: "module", exports }));
    await mkdir(join(tree, "node_modules/@parley"), { recursive: true });
    await symlink(join(tree, folder), join(tree, "node_modules", name));
  }
  for (const name of libraries) {
    await write(join(tree, "node_modules", name, "package.json"), JSON.stringify({ name, main: "index.js" }));
    await write(join(tree, "node_modules", name, "index.js"), "export {};\n");
  }
  await write(join(tree, "package.json"), JSON.stringify({ name: "planted", type: "module" }));
}

async function violations(tree: string): Promise<Violation[]> {
  const depcruise = join(root, "node_modules/.bin/depcruise");
  const config = join(root, ".dependency-cruiser.mjs");
  const places = ["apps", "libs", "e2e", "tools", "docs/examples"].filter((place) =>
    existsSync(join(tree, place)),
  );
  const { stdout, output } = await runNode(
    [depcruise, "--config", config, "--output-type", "json", ...places],
    tree,
  );
  if (!stdout.startsWith("{")) throw new Error(output);
  return (JSON.parse(stdout) as { summary: { violations: Violation[] } }).summary.violations;
}

describe("the import rules", () => {
  let found: Violation[];

  beforeAll(async () => {
    await using tree = await folder();
    await plant(tree.path, [...forbidden, ...allowed]);
    found = await violations(tree.path);
  });

  test.each(forbidden)("%s may not import %s", (importer, _imported, rule) => {
    expect(found.filter(({ from }) => from === importer).map((violation) => violation.rule.name)).toContain(
      rule,
    );
  });

  test.each([
    ["a type", 'import type { Log } from "@parley/room-log";'],
    ["a re-export", 'export { log } from "@parley/room-log";'],
    ["a late import", 'export const log = import("@parley/room-log");'],
    [
      "one beside `using`",
      'import { log } from "@parley/room-log"; await using held = log(); { using inner = log(); }',
    ],
  ])("see %s as an import too", async (_kind, source) => {
    await using other = await folder();
    await plant(other.path, [
      ["libs/room-log/src/index.ts", "./port.ts"],
      ["libs/room-log/src/port.ts", "@parley/protocol"],
    ]);
    await write(join(other.path, "libs/rooms/src/index.ts"), source);
    expect((await violations(other.path)).map(({ rule }) => rule.name)).toContain("imports-of-rooms");
  });

  test("find nothing in the files that keep them", () => {
    const planted = new Set(forbidden.map(([importer]) => importer));
    expect(found.filter(({ from }) => !planted.has(from))).toEqual([]);
  });
});
