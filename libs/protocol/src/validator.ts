import type { Static, TSchema } from "typebox";
import { Compile } from "typebox/compile";
import { type WireError, wireError } from "./errors.ts";
import { depthOf, isWellFormedDeep } from "./text.ts";

/** The deepest JSON a client may send: what metadata may nest, and the envelope around it. */
export const depthMax = 16;
const faultsMax = 5;

export type Checked<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: WireError };

/** One fault of a request: `pointer` is a JSON Pointer (RFC 6901) to it. */
export interface Fault {
  readonly pointer: string;
  readonly detail: string;
}

/**
 * Compiles `schema` once; the check refuses what the schema does not name, JSON nested deeper than `depthMax`,
 * strings that are not well-formed Unicode, and numbers that are not finite. The error is `bad_request` with up to five faults in `detail.errors`.
 */
export function validator<Schema extends TSchema>(
  schema: Schema,
): (value: unknown) => Checked<Static<Schema>> {
  const compiled = Compile(schema);
  return (value) => {
    if (depthOf(value, depthMax) > depthMax)
      return refuse([{ pointer: "", detail: `nests deeper than ${depthMax}` }]);
    if (!compiled.Check(value)) return refuse(faultsOf(compiled.Errors(value)));
    if (!isWellFormedDeep(value))
      return refuse([{ pointer: "", detail: "a string holds a lone surrogate, or a number is beyond any" }]);
    return { ok: true, value };
  };
}

interface SchemaError {
  readonly instancePath: string;
  readonly keyword: string;
  readonly message: string;
  readonly params: object;
}

function faultsOf(errors: readonly SchemaError[]): readonly Fault[] {
  const telling = errors.filter((error) => error.keyword !== "boolean");
  return telling.slice(0, faultsMax).map((error) => ({
    pointer: error.instancePath,
    detail:
      "additionalProperties" in error.params
        ? `unknown fields: ${JSON.stringify(error.params.additionalProperties)}`
        : error.message,
  }));
}

const refuse = (errors: readonly Fault[]): { readonly ok: false; readonly error: WireError } => {
  const summary = errors
    .map(({ pointer, detail }) => `${pointer === "" ? "/" : pointer} ${detail}`)
    .join("; ");
  return { ok: false, error: wireError("bad_request", summary, { detail: { errors } }) };
};
