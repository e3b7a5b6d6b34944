/** `<!-- generated: name -->` … `<!-- /generated -->`, each on a line of its own. */
const block = /^<!-- generated: ([a-z-]+) -->\n(?:[\s\S]*?\n)??<!-- \/generated -->$/gmu;

export const blockNames = (text: string): readonly string[] =>
  Array.from(text.matchAll(block), ([, name]) => name ?? "");

/** `text` with every generated block as `sections` has it now. Throws for a block that nothing makes. */
export function withBlocks(text: string, sections: Readonly<Record<string, string>>): string {
  return text.replaceAll(block, (_, name: string) => {
    const section = sections[name];
    if (section === undefined) throw new Error(`nothing makes the block "${name}"`);
    return `<!-- generated: ${name} -->\n\n${section}\n\n<!-- /generated -->`;
  });
}

/** A Markdown table. Bars inside cells are escaped. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", String.raw`\|`)).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
