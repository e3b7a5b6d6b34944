import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { basename, join, resolve } from "node:path";
import { describe, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");

/** What git tracks or would track, and is there: a file being renamed is not. */
const files = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
  cwd: root,
  encoding: "utf8",
})
  .split("\0")
  .filter((file) => file !== "" && existsSync(join(root, file)));

const text = (file: string) => readFileSync(join(root, file), "utf8");
const code = files.filter((file) => /\.(ts|tsx|mjs)$/.test(file));
/** Everything people write, but for this file, which has to name what it forbids. */
const written = files.filter(
  (file) =>
    !["package-lock.json", "LICENSE", "tools/tidy.test.ts"].includes(file) &&
    /\.(ts|tsx|mjs|json|md|ya?ml|sh|py|go|lua|cql|css|html)$|\/run$/.test(file),
);

/** `file:line` of every line that matches. */
const places = (among: readonly string[], pattern: RegExp) =>
  among.flatMap((file) =>
    text(file)
      .split("\n")
      .flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [])),
  );

describe("the tree", () => {
  test("has no file over 400 lines", () => {
    expect(code.filter((file) => text(file).split("\n").length > 401)).toEqual([]);
  });

  test("has no file named after nothing", () => {
    const nameless = /^(utils?|helpers?|common|misc|types|.*[.-]?manager)\.(ts|tsx|mjs)$/;
    expect(code.filter((file) => nameless.test(basename(file)))).toEqual([]);
  });

  test("has faces that name what they show, one by one", () => {
    expect(places(code, /^\s*export \* /)).toEqual([]);
  });

  test("has no TODO without a reason", () => {
    expect(places(written, /\b(TODO|FIXME|HACK|XXX)\b(?!: \S+ \S+)/)).toEqual([]);
  });

  test("has no test that is switched off or runs alone", () => {
    const tests = code.filter((file) => /\.(test|kills|foreign)\.ts$|contract\.ts$/.test(file));
    expect(places(tests, /\b(it|test|describe)\.(skip|only|todo)\(/)).toEqual([]);
  });

  test("names no path of anybody's machine", () => {
    expect(places(written, /(^|[\s"'`(=])\/(home|Users|work|root)\//)).toEqual([]);
  });

  test("names no package registry, so that everybody's own is used", () => {
    const registry = /registry\.npmjs|registry\.yarnpkg|pypi\.org|proxy\.golang/;
    expect(places([...written, "package-lock.json"], registry)).toEqual([]);
  });
});

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const onlyInTests = /\.(test|kills|foreign)\.ts$|\/contract(\.ts$|\/)|\/testing\/|^e2e\/|^bench\//;

/** The packages a file's static and dynamic imports name. */
function importedPackages(file: string): string[] {
  const specifiers = text(file).matchAll(/(?:\bfrom|\bimport\(?)\s*"([^".\s][^"\s]*)"/g);
  return [...specifiers].flatMap(([, specifier]) => {
    const name = /^(@[^/]+\/[^/]+|[^@/][^/]*)/.exec(specifier ?? "")?.[1];
    return name === undefined || name.startsWith("node:") || builtinModules.includes(name) ? [] : [name];
  });
}

describe("every package", () => {
  const manifests = files.filter((file) =>
    /^(apps|libs)\/[^/]+\/package\.json$|^(e2e|bench)\/package\.json$/.test(file),
  );

  test.each(manifests)("declares what it imports (%s)", (manifest) => {
    const { name, dependencies = {}, devDependencies = {} } = JSON.parse(text(manifest)) as Manifest;
    const folder = manifest.slice(0, -"package.json".length);
    const undeclared = code
      .filter((file) => file.startsWith(folder))
      .flatMap((file) =>
        importedPackages(file)
          .filter((imported) => imported !== name)
          .filter(
            (imported) =>
              !(imported in dependencies) && !(onlyInTests.test(file) && imported in devDependencies),
          )
          .map((imported) => `${file}: ${imported}`),
      );
    expect(undeclared).toEqual([]);
  });

  test.each(manifests)("pins the versions it asks for (%s)", (manifest) => {
    const { dependencies = {}, devDependencies = {} } = JSON.parse(text(manifest)) as Manifest;
    const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(
      ([name, version]) => !(name.startsWith("@parley/") ? version === "*" : /^\d+\.\d+\.\d+$/.test(version)),
    );
    expect(loose).toEqual([]);
  });
});
