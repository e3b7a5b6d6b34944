import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { HttpFixture } from "./http-fixture.ts";

const protocol = join(resolve(import.meta.dirname, "../../../../.."), "docs/protocol.md");

/** `GET /v1/me` of every row of the tables whose first cell is a method and a path. */
const documented = (markdown: string): readonly string[] =>
  Array.from(markdown.matchAll(/^\| `([A-Z]+ \/[^`]*)` \|/gmu), ([, route]) => route ?? "");

/** The same of Fastify's tree of routes: a line's depth is the column of its branch. */
function served(tree: string): readonly string[] {
  const parents: string[] = [];
  return tree.split("\n").flatMap((line) => {
    const match = /^(.*?)[├└]── (\S+) \(([^)]+)\)$/u.exec(line);
    if (match === null) return [];
    const [, indent = "", path = "", methods = ""] = match;
    const depth = indent.length / 4;
    const whole = `${depth === 0 ? "" : parents[depth - 1]}${path}`;
    parents[depth] = whole;
    const shown = whole.replaceAll(/:(\w+)/gu, "{$1}");
    return methods
      .split(", ")
      .filter((method) => method !== "HEAD")
      .map((method) => `${method} ${shown}`);
  });
}

test("docs/protocol.md lists every address of the REST surface, and no other", async () => {
  const http = new HttpFixture();
  await http.app.ready();
  const routes = served(http.app.printRoutes({ commonPrefix: false }));
  await http.app.close();
  expect(routes.length).toBeGreaterThan(20);
  expect(documented(await readFile(protocol, "utf8")).toSorted()).toEqual(routes.toSorted());
});
