/**
 * Writes what the documents take from the code: the tables between `<!-- generated: … -->` marks.
 *
 *     npm run docs:write
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { withBlocks } from "./docs/generated-blocks.ts";
import { generatedDocuments, root, sections } from "./docs/sections.ts";

const made = sections();
for (const document of generatedDocuments) {
  const file = join(root, document);
  const before = await readFile(file, "utf8");
  const after = withBlocks(before, made);
  if (after === before) continue;
  await writeFile(file, after);
  console.log(`wrote ${document}`);
}
