/** One code's section of docs/errors.md, as its first line says it. */
export interface DocumentedCode {
  readonly code: string;
  /** HTTP status; `undefined` for a close. */
  readonly status: number | undefined;
  /** `final`, `keep the key`, or a close's class. */
  readonly class: string;
}

const section = /^## ([a-z_]+)\n\n(\d{3}) · (final|keep the key)\. \S/gmu;
const closeSection = /^## close-([a-z_]+)\n\n(resume|back-off|stop)\. \S/gmu;

/** The error codes that the text has a section for, in its order. */
export const documentedErrors = (text: string): readonly DocumentedCode[] =>
  Array.from(text.matchAll(section), ([, code = "", status, codeClass = ""]) => ({
    code,
    status: Number(status),
    class: codeClass,
  }));

/** The close codes that the text has a section for, in its order. */
export const documentedCloses = (text: string): readonly DocumentedCode[] =>
  Array.from(text.matchAll(closeSection), ([, code = "", closeClass = ""]) => ({
    code,
    status: undefined,
    class: closeClass,
  }));

/** Names of all second-level sections whose heading is one code. */
export const codeHeadings = (text: string): readonly string[] =>
  Array.from(text.matchAll(/^## ([a-z_-]+)$/gmu), ([, heading = ""]) => heading);
