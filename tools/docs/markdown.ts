export interface MarkdownLink {
  readonly text: string;
  /** Without the anchor; empty for a link within the file. */
  readonly path: string;
  readonly anchor: string | undefined;
}

const fenced = /^(`{3,}|~{3,})[^\n]*\n[\s\S]*?\n\1$/gmu;
const inlineCode = /`[^`\n]*`/gu;
const link = /\[([^\]]*)\]\(([^)\s]+)\)/gu;

/** Links to places of this repository; those to other sites are left out, and so is what stands in code. */
export function localLinks(markdown: string): readonly MarkdownLink[] {
  const prose = markdown.replaceAll(fenced, "").replaceAll(inlineCode, "code");
  return Array.from(prose.matchAll(link), ([, text = "", target = ""]) => ({ text, target }))
    .filter(({ target }) => !/^[a-z]+:/iu.test(target))
    .map(({ text, target }) => {
      const [path = "", anchor] = target.split("#");
      return { text, path, anchor };
    });
}

/** Files of this repository that the text names in code: whole paths that end in a file's name. */
export const namedFiles = (markdown: string): readonly string[] =>
  Array.from(
    markdown.replaceAll(fenced, "").matchAll(/`([a-z.][\w./-]*\/[\w.-]+\.(?:ts|mjs|md|json))`/gu),
    ([, file]) => file ?? "",
  );

/** The anchors that a renderer gives the headings: lower case, no punctuation, hyphens for spaces. */
export const anchorsOf = (markdown: string): ReadonlySet<string> =>
  new Set(
    Array.from(markdown.replaceAll(fenced, "").matchAll(/^#{1,6} +(.+)$/gmu), ([, heading = ""]) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
        .trim()
        .replaceAll(/\s/gu, "-"),
    ),
  );
