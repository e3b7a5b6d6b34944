/**
 * Runs the project's checks and ends with one line, `N passed, N failed`: every test counts, and every other step as one.
 *
 *     node tools/check.ts          what `npm test` runs
 *     node tools/check.ts kills    one of the slower suites, named as in vitest.config.ts
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { runLine } from "./child-process.ts";
import { countTests, type Count, type VitestReport } from "./test-count.ts";

const root = resolve(import.meta.dirname, "..");
const inPath = { ...process.env, PATH: join(root, "node_modules/.bin") + delimiter + process.env["PATH"] };

interface Result extends Count {
  readonly name: string;
  readonly line: string;
  readonly tookMs: number;
  readonly output: string;
}

/** A step that is right or wrong as a whole: the script of that name in package.json. */
async function script(name: string): Promise<Result> {
  const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  const line = manifest.scripts[name];
  if (line === undefined) throw new Error(`package.json has no script "${name}"`);
  const startedMs = performance.now();
  const { code, output } = await runLine(line, { cwd: root, env: inPath });
  const failed = code === 0 ? 0 : 1;
  return {
    name,
    line,
    output,
    passed: 1 - failed,
    failed,
    skipped: 0,
    tookMs: performance.now() - startedMs,
  };
}

async function suite(name: string): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), "parley-check-"));
  try {
    const line = `vitest run --project ${name}`;
    const report = join(folder, "report.json");
    const startedMs = performance.now();
    const { code, output } = await runLine(
      `${line} --reporter=default --reporter=json --outputFile.json="${report}"`,
      { cwd: root, env: inPath },
    );
    const found = await readFile(report, "utf8").catch(() => undefined);
    const parsed = found === undefined ? undefined : (JSON.parse(found) as VitestReport);
    const count = countTests(parsed, code);
    return { name, line, output, ...count, tookMs: performance.now() - startedMs };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function shown(step: Promise<Result>): Promise<Result> {
  const result = await step;
  const { name, line, passed, failed, skipped, tookMs, output } = result;
  const skips = skipped === 0 ? "" : `, ${skipped} skipped`;
  const seconds = (tookMs / 1000).toFixed(1).padStart(6);
  const counted = `${passed} passed, ${failed} failed${skips}`;
  console.log(`${failed === 0 ? "ok    " : "FAILED"} ${name.padEnd(8)}${seconds} s   ${counted}   (${line})`);
  if (failed > 0) console.log(`\n${output.trim()}\n`);
  return result;
}

/** The quick steps share the cores; a suite brings its own workers and goes alone. */
async function everything(): Promise<Result[]> {
  const quick = await Promise.all(["format", "lint", "types", "imports"].map((name) => shown(script(name))));
  const unit = await shown(suite("unit"));
  const e2e = await shown(suite("e2e"));
  return [...quick, unit, e2e];
}

const chosen = process.argv[2];
const results = chosen === undefined ? await everything() : [await shown(suite(chosen))];
const sum = (of: (count: Count) => number) => results.reduce((total, result) => total + of(result), 0);
const failed = sum((count) => count.failed);
console.log(`${sum((count) => count.passed)} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
