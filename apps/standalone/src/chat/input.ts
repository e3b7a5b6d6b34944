/** What somebody typed. */
export type Input =
  | { readonly kind: "say"; readonly text: string }
  | { readonly kind: "edit"; readonly seq: number; readonly text: string }
  | { readonly kind: "delete"; readonly seq: number }
  | { readonly kind: "react" | "unreact"; readonly seq: number; readonly emoji: string }
  | { readonly kind: "who" }
  | { readonly kind: "stats" }
  | { readonly kind: "help" }
  | { readonly kind: "quit" }
  | { readonly kind: "nothing" }
  | { readonly kind: "wrong"; readonly why: string };

export const helpLines: readonly string[] = [
  "/edit <seq> <text>   /delete <seq>   /react <seq> <emoji>   /unreact <seq> <emoji>",
  "/who   /stats   /help   /quit        a line that begins with // says /",
];

/** Reads a typed line. */
export function parseInput(line: string): Input {
  const text = line.trim();
  if (text === "") return { kind: "nothing" };
  if (text.startsWith("//")) return { kind: "say", text: text.slice(1) };
  if (!text.startsWith("/")) return { kind: "say", text };
  const [name = "", ...words] = text.slice(1).split(/\s+/u);
  switch (name) {
    case "who":
    case "stats":
    case "help":
    case "quit":
      return { kind: name };
    case "edit":
    case "delete":
    case "react":
    case "unreact":
      return aboutMessage(name, words);
    default:
      return { kind: "wrong", why: `no such command: /${name} (try /help)` };
  }
}

function aboutMessage(name: "edit" | "delete" | "react" | "unreact", words: readonly string[]): Input {
  const [first = "", ...rest] = words;
  const seq = Number(first);
  const text = rest.join(" ");
  if (!Number.isSafeInteger(seq) || seq < 1) {
    return { kind: "wrong", why: `/${name} needs the number of a message` };
  }
  if (name === "delete") return { kind: name, seq };
  if (text === "") return { kind: "wrong", why: `/${name} ${seq} needs something after the number` };
  return name === "edit" ? { kind: name, seq, text } : { kind: name, seq, emoji: text };
}
