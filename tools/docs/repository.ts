import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./sections.ts";

/** What git tracks or would track, and is there, from the root. */
export const trackedFiles = (): readonly string[] =>
  execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: root,
    encoding: "utf8",
  })
    .split("\0")
    .filter((file) => file !== "" && existsSync(join(root, file)));

export const isThere = (file: string): boolean => existsSync(join(root, file));

export const textOf = (file: string): string => readFileSync(join(root, file), "utf8");
