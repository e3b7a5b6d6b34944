import { closeCatalogue, closeCodes, type ErrorClass, errorCatalogue, errorCodes } from "@parley/protocol";
import { table } from "./generated-blocks.ts";

export const classText = (errorClass: ErrorClass): string =>
  errorClass === "final" ? "final" : "keep the key";

/** Slug of a close code's section: some codes are in both catalogues. */
export const closeAnchor = (code: string): string => `close-${code}`;

export const errorsTable = (): string =>
  table(
    ["code", "HTTP", "class", "meaning"],
    errorCodes.map((code) => {
      const { status, title, class: errorClass } = errorCatalogue[code];
      return [`[\`${code}\`](#${code})`, `${status}`, classText(errorClass), title];
    }),
  );

export const closesTable = (): string =>
  table(
    ["code", "class", "meaning"],
    closeCodes.map((code) => {
      const { class: closeClass, title } = closeCatalogue[code];
      return [`[\`${code}\`](#${closeAnchor(code)})`, closeClass, title];
    }),
  );
