import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { describe, expect, test } from "vitest";

const bundle = (entry: string) =>
  build({
    entryPoints: [fileURLToPath(new URL(entry, import.meta.url))],
    bundle: true,
    write: false,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2024",
    logLevel: "silent",
    metafile: true,
  });

describe("a bundle for browsers", () => {
  test.each(["./index.ts", "./adapters/indexeddb-storage.ts"])(
    "is made of %s without anything of Node",
    async (entry) => {
      const { outputFiles, metafile } = await bundle(entry);
      const inputs = Object.keys(metafile.inputs);
      expect(
        inputs.filter((path) => /file-storage|engine\.io-client\/build\/esm-debug|\/ws\//u.test(path)),
      ).toEqual([]);
      expect(outputFiles[0]!.text).not.toMatch(/require\(["']|from ?["']node:/u);
    },
  );

  test("cannot be made of the file storage", async () => {
    await expect(bundle("./adapters/file-storage.ts")).rejects.toThrow("node:fs/promises");
  });
});
