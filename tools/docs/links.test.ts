import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { anchorsOf, localLinks, namedFiles } from "./markdown.ts";
import { isThere, textOf as read, trackedFiles } from "./repository.ts";

const tracked = trackedFiles();
const documents = tracked.filter((file) => file.endsWith(".md"));

function broken(document: string): readonly string[] {
  return localLinks(read(document))
    .filter(({ path, anchor }) => {
      const target = path === "" ? document : join(dirname(document), path);
      if (!isThere(target)) return true;
      return anchor !== undefined && target.endsWith(".md") && !anchorsOf(read(target)).has(anchor);
    })
    .map(({ text, path, anchor = "" }) => `${text}: ${path}#${anchor}`);
}

describe("the documents", () => {
  test.each(documents)("%s links only to what is there", (document) => {
    expect(broken(document)).toEqual([]);
  });

  test.each(documents.filter((file) => !file.includes("/") || file.startsWith("docs/")))(
    "%s names only files that are there",
    (document) => {
      const missing = namedFiles(read(document)).filter(
        (file) => !["", "libs/"].some((folder) => isThere(join(folder, file))),
      );
      expect(missing).toEqual([]);
    },
  );

  test("describe every package on a page of its own", () => {
    const folders = tracked.flatMap(
      (file) => /^((?:apps|libs)\/[^/]+|e2e|bench)\/package\.json$/u.exec(file)?.[1] ?? [],
    );
    expect(folders.filter((folder) => !isThere(join(folder, "README.md")))).toEqual([]);
  });

  test("keep ARCHITECTURE.md to 250 lines", () => {
    expect(read("ARCHITECTURE.md").split("\n").length).toBeLessThanOrEqual(251);
  });

  test("number the decisions without a gap, and give each its four parts", () => {
    const decisions = documents.filter((file) => /^docs\/adr\/\d/u.test(file)).toSorted();
    expect(decisions.map((file) => Number(file.slice("docs/adr/".length).split("-")[0]))).toEqual(
      decisions.map((_, index) => index + 1),
    );
    for (const file of decisions) {
      const headings = Array.from(read(file).matchAll(/^## (.+)$/gmu), ([, heading]) => heading);
      expect({ file, headings }).toEqual({
        file,
        headings: ["Context", "Decision", "Consequences", "What would change our mind"],
      });
    }
  });
});

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

test("every dependency has its line and its reason in the decision about them", () => {
  const manifests = tracked.filter((file) => /(^|\/)package\.json$/u.test(file));
  const used = manifests.flatMap((file) => {
    const { dependencies = {}, devDependencies = {} } = JSON.parse(read(file)) as Manifest;
    return Object.keys({ ...dependencies, ...devDependencies }).filter(
      (name) => !name.startsWith("@parley/"),
    );
  });
  const rows = read("docs/adr/0009-dependencies.md")
    .split("\n")
    .filter((line) => line.startsWith("| `"));
  const named = rows.flatMap((row) =>
    Array.from((row.split("|")[1] ?? "").matchAll(/`([^`]+)`/gu), ([, name]) => name),
  );
  expect(new Set(named)).toEqual(new Set(used));
});

describe("a link", () => {
  test("is found in prose, not in code", () => {
    const text = "see [a](b.md#c), [d](#e) and `[x](y)`\n\n```\n[f](g)\n```\n[h](https://example.org)\n";
    expect(localLinks(text)).toEqual([
      { text: "a", path: "b.md", anchor: "c" },
      { text: "d", path: "", anchor: "e" },
    ]);
  });

  test("to a file may be its path in code", () => {
    expect(namedFiles("in `libs/a/src/b.ts`, not `b.ts` or `x/*.ts`")).toEqual(["libs/a/src/b.ts"]);
  });

  test("leads to a heading by its anchor", () => {
    expect([...anchorsOf("# A b\n\n## What's `x_y`, now?\n")]).toEqual(["a-b", "whats-x_y-now"]);
  });
});
