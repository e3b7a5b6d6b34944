import { readFile } from "node:fs/promises";
import { roomKinds } from "@parley/protocol";
import { expect, test } from "vitest";
import { deeds, permissions } from "./permissions.ts";

test("the readme shows the table as it is", async () => {
  const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
  const rows = deeds.map((deed) => {
    const permission = permissions[deed];
    const needed = roomKinds.map((kind) => (permission[kind] === "absent" ? "–" : permission[kind]));
    return `| ${[deed, ...needed, permission.whenArchived ? "yes" : ""].join(" | ")} |`;
  });
  const shown = readme.split("\n").filter((line) => /^\| [a-z.]+ \|( [a-z–]+ \|){4}/u.test(line));
  expect(shown.slice(1)).toEqual(rows);
});
