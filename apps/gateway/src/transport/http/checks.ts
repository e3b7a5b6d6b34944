import { type Checked, closed, validator } from "@parley/protocol";

export type Check<Value> = (value: unknown) => Checked<Value>;
type Schema = Parameters<typeof validator>[0];
type Compiled<Given extends Schema> = ReturnType<typeof validator<Given>>;

const integerText = /^(?:0|[1-9]\d{0,15})$/u;

/** For bodies. */
export const bodyCheck = <Given extends Schema>(schema: Given): Compiled<Given> => validator(schema);

/** For bodies that may be left out, which is as if they were empty. */
export function optionalBodyCheck<Given extends Schema>(schema: Given): Compiled<Given> {
  const check = validator(schema);
  return (value) => check(value ?? {});
}

/** For paths and queries, where all is text: what the schema wants as an integer is read as one first. */
export function textCheck<Given extends Schema & { readonly properties: object }>(
  schema: Given,
): Compiled<Given> {
  const check = validator(schema);
  const integers = Object.entries(schema.properties as Readonly<Record<string, unknown>>)
    .filter(([, property]) => isInteger(property))
    .map(([name]) => name);
  return (value) => check(withIntegers(value, integers));
}

/** Nothing but an empty object, or nothing at all. */
export const emptyCheck: Check<Record<never, never>> = optionalBodyCheck(closed({}));

const isInteger = (property: unknown): boolean =>
  typeof property === "object" && property !== null && "type" in property && property.type === "integer";

function withIntegers(value: unknown, names: readonly string[]): unknown {
  const read: Record<string, unknown> = { ...(value as Readonly<Record<string, unknown>>) };
  for (const name of names) {
    const text = read[name];
    if (typeof text === "string" && integerText.test(text)) read[name] = Number(text);
  }
  return read;
}
