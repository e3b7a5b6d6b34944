import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { runNode } from "./child-process.ts";

const root = resolve(import.meta.dirname, "..");

/** A file, what is wrong in it, and the rule that must say so. The first ones need type information. */
const faults: readonly (readonly [rule: string, file: string, source: string])[] = [
  ["no-floating-promises", "libs/a/src/float.ts", "export function go() { Promise.resolve(1); }"],
  [
    "no-misused-promises",
    "libs/a/src/misuse.ts",
    "declare function on(f: () => void): void;\nexport function go() { on(async () => { await Promise.resolve(); }); }",
  ],
  [
    "switch-exhaustiveness-check",
    "libs/a/src/exhaust.ts",
    'export function go(kind: "a" | "b") { switch (kind) { case "a": return 1; } return 2; }',
  ],
  ["no-unsafe-return", "libs/a/src/unsafe.ts", "export function go(): string { return JSON.parse('1'); }"],
  ["no-explicit-any", "libs/a/src/any.ts", "export const it = (x: any) => String(x);"],
  [
    "consistent-type-imports",
    "libs/a/src/types-only.ts",
    'import { Cat } from "./cat.ts";\nexport const name = (c: Cat) => c.name;',
  ],
  ["no-cycle", "libs/a/src/hen.ts", 'import { egg } from "./egg.ts";\nexport const hen = () => egg();'],
  ["no-console", "libs/a/src/speak.ts", 'console.log("x");'],
  ["max-params", "libs/a/src/many.ts", "export const f = (a: 1, b: 1, c: 1, d: 1) => a + b + c + d;"],
  [
    "max-lines-per-function",
    "libs/a/src/long.ts",
    `export function f(x: number) {\n${"x += 1;\n".repeat(60)}return x; }`,
  ],
  ["max-lines", "libs/a/src/endless.ts", "export {};\n".repeat(401)],
  ["filename-case", "libs/a/src/CamelCase.ts", "export const one = 1;"],
  ["no-restricted-properties", "apps/a/src/domain/now.ts", "export const at = Date.now();"],
  ["no-restricted-globals", "libs/rooms/src/later.ts", "setTimeout(() => undefined, 1);"],
  [
    "no-restricted-imports",
    "apps/a/src/domain/stores.ts",
    'import { log } from "@parley/room-log";\nexport const it = String(log);',
  ],
];

const sound: readonly (readonly [file: string, source: string])[] = [
  ["libs/a/src/cat.ts", "export interface Cat {\n  readonly name: string;\n}\n"],
  [
    "libs/a/src/egg.ts",
    'import { cat } from "./kitten.ts";\nexport const egg = (): string => cat("x").name;\nexport { hen } from "./hen.ts";\n',
  ],
  [
    "libs/a/src/kitten.ts",
    'import type { Cat } from "./cat.ts";\nexport const cat = (name: string): Cat => ({ name });\n',
  ],
  [
    "apps/a/src/domain/knows-the-type.ts",
    'import type { Log } from "@parley/room-log";\nexport type Logs = readonly Log[];\n',
  ],
  ["apps/a/src/main.ts", 'console.log("ready");\n'],
];

interface Finding {
  readonly filename: string;
  readonly code: string;
}

async function lint(): Promise<Finding[]> {
  const tree = await mkdtemp(join(tmpdir(), "parley-lint-rules-"));
  try {
    for (const [file, source] of [...faults.map(([, file, source]) => [file, source] as const), ...sound]) {
      await mkdir(dirname(join(tree, file)), { recursive: true });
      await writeFile(join(tree, file), source);
    }
    await copyFile(join(root, ".oxlintrc.json"), join(tree, ".oxlintrc.json"));
    await writeFile(
      join(tree, "tsconfig.json"),
      JSON.stringify({ compilerOptions: { strict: true, module: "nodenext", noEmit: true, types: [] } }),
    );
    const oxlint = join(root, "node_modules/.bin/oxlint");
    const { stdout } = await runNode([oxlint, "--type-aware", "--format=json"], tree);
    return (JSON.parse(stdout) as { diagnostics: Finding[] }).diagnostics;
  } finally {
    await rm(tree, { recursive: true, force: true });
  }
}

describe("the linter", () => {
  let findings: readonly Finding[] = [];
  const foundIn = (file: string) =>
    findings.filter(({ filename }) => filename.endsWith(file)).map(({ code }) => code);

  beforeAll(async () => {
    findings = await lint();
  });

  test.each(faults)("reports %s in %s", (rule, file) => {
    expect(foundIn(file)).toContainEqual(expect.stringContaining(`(${rule})`));
  });

  test.each(sound.filter(([file]) => !file.endsWith("egg.ts")))("has nothing to say about %s", (file) => {
    expect(foundIn(file)).toEqual([]);
  });
});
