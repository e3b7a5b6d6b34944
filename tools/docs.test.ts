import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { blockNames, table, withBlocks } from "./docs/generated-blocks.ts";
import { schemaText } from "./docs/schema-text.ts";
import { generatedDocuments, root, sections } from "./docs/sections.ts";

const read = (file: string) => readFileSync(join(root, file), "utf8");

describe("the generated parts of the documents", () => {
  const made = sections();

  test.each(generatedDocuments)("are in %s as the code is now; if not: npm run docs:write", (document) => {
    const text = read(document);
    expect(text).toBe(withBlocks(text, made));
  });

  test("are all used", () => {
    const used = generatedDocuments.flatMap((document) => blockNames(read(document)));
    expect(used.toSorted()).toEqual(Object.keys(made).toSorted());
  });
});

describe("a generated block", () => {
  const before = "# A\n\n<!-- generated: things -->\nold\n<!-- /generated -->\n\nafter\n";

  test("is replaced, and what is around it stays", () => {
    const after = withBlocks(before, { things: "new" });
    expect(after).toBe("# A\n\n<!-- generated: things -->\n\nnew\n\n<!-- /generated -->\n\nafter\n");
    expect(withBlocks(after, { things: "new" })).toBe(after);
  });

  test("that nothing makes is an error", () => {
    expect(() => withBlocks(before, {})).toThrow('nothing makes the block "things"');
  });

  test("keeps bars out of a table's cells", () => {
    expect(table(["a"], [["x|y"]])).toBe(String.raw`| a |
| --- |
| x\|y |`);
  });
});

describe("a schema in words", () => {
  test.each([
    [{ type: "integer", minimum: 1, maximum: Number.MAX_SAFE_INTEGER }, "integer ≥ 1"],
    [{ type: "string", minLength: 1, maxLength: 64 }, "text of 1–64"],
    [{ type: "string", minLength: 1 }, "text, not empty"],
    [{ type: "string", enum: ["a", "b"] }, '"a" or "b"'],
    [{ type: "array", items: { type: "boolean" }, maxItems: 3 }, "[boolean] ≤ 3"],
    [{ type: "object", properties: { a: { type: "boolean" } }, required: [] }, "{a?: boolean}"],
  ])("of %j is %s", (schema, words) => {
    expect(schemaText(schema)).toBe(words);
  });

  test("is an error where there are none", () => {
    expect(() => schemaText({ type: "null" })).toThrow("no words for");
  });
});
