import { describe, expect, test } from "vitest";
import { gatewayFaults, historyFaults } from "../../apps/standalone/src/config.ts";
import { textOf, trackedFiles } from "./repository.ts";

const files = trackedFiles();
const suites = files
  .filter(
    (file) =>
      /\.(test|kills|foreign)\.ts$|\/contract(\.ts$|\/)/u.test(file) && !file.startsWith("tools/docs"),
  )
  .map(textOf)
  .join("\n");

/** What stands in double quotes, long enough to be a test's name, over line ends too. */
const quotedNames = (markdown: string): readonly string[] =>
  Array.from(markdown.matchAll(/"([^"]{12,})"/gu), ([, name = ""]) => name.replaceAll(/\s+/gu, " "));

/** The part of a decision that says what shows it. */
const shownBy = (decision: string): string => /^Shown by: [\s\S]*?(?=\n\n)/mu.exec(decision)?.[0] ?? "";

describe("a claim", () => {
  test("of docs/guarantees.md names tests that are there", () => {
    const names = quotedNames(textOf("docs/guarantees.md"));
    expect(names.length).toBeGreaterThan(3);
    expect(names.filter((name) => !suites.includes(name))).toEqual([]);
  });

  test.each(files.filter((file) => /^docs\/adr\/\d/u.test(file)))("of %s does too", (file) => {
    const names = quotedNames(shownBy(textOf(file)));
    expect(names.filter((name) => !suites.includes(name))).toEqual([]);
  });
});

test("CONTRIBUTING.md lists every fault that can be planted, and each is planted somewhere", () => {
  const faults = [...gatewayFaults, ...historyFaults];
  const section = /## Planted faults[\s\S]*$/u.exec(textOf("CONTRIBUTING.md"))?.[0] ?? "";
  const listed = Array.from(section.matchAll(/^\| `([a-z-]+)` \|/gmu), ([, fault]) => fault);
  expect(new Set(listed)).toEqual(new Set(faults));
  expect(faults.filter((fault) => !suites.includes(fault))).toEqual([]);
});

test("README.md shows the scripts that there are", () => {
  const { scripts } = JSON.parse(textOf("package.json")) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  const documents = [
    "README.md",
    "CONTRIBUTING.md",
    "docs/guarantees.md",
    "docs/operations.md",
    "docs/configuration.md",
  ];
  const named = documents.flatMap((file) =>
    Array.from(
      textOf(file).matchAll(
        /npm (?:run )?(start|test|[a-z]+:[a-z]+|bench|format|lint|types|imports|affected)\b/gu,
      ),
      ([, name]) => name ?? "",
    ),
  );
  expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
});
