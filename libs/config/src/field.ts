import { Secret } from "./secret.ts";

/** Reads one value out of text; `undefined` when the text is not `allowed`. */
export interface Parser<Value> {
  readonly parse: (text: string) => Value | undefined;
  /** For people: which texts are accepted. */
  readonly allowed: string;
}

/** One variable of the environment and the value it stands for. */
export interface Field<Value> extends Parser<Value> {
  readonly variable: string;
  readonly kind: "field";
  /** What an unset variable stands for; without it the variable must be set. */
  readonly fallback: { readonly value: Value } | undefined;
  /** What a report may show of the variable's text. */
  readonly show: (text: string) => string;
}

export interface FieldOptions<Value> {
  readonly default?: Value;
}

/** A field of any kind: what the ones below are made of. */
export function field<Value>(
  variable: string,
  parser: Parser<Value>,
  options: FieldOptions<Value> = {},
): Field<Value> {
  const fallback = options.default === undefined ? undefined : { value: options.default };
  return { kind: "field", variable, fallback, show: (text) => text, ...parser };
}

/** The same field, `undefined` when the variable is not set. */
export function optional<Value>(inner: Field<Value>): Field<Value | undefined> {
  return { ...inner, fallback: { value: undefined } };
}

export interface TextOptions extends FieldOptions<string> {
  /** The whole text must match. */
  readonly pattern?: RegExp;
  /** What `pattern` accepts, in words. */
  readonly allowed?: string;
}

export const text = (variable: string, options: TextOptions = {}): Field<string> =>
  field(variable, textParser(options), options);

function textParser({ pattern, allowed }: TextOptions): Parser<string> {
  return {
    parse: (value) => (pattern === undefined || pattern.exec(value)?.[0] === value ? value : undefined),
    allowed: allowed ?? (pattern === undefined ? "any text" : `text like ${String(pattern)}`),
  };
}

export interface SecretOptions extends FieldOptions<Secret> {
  readonly bytesMin?: number;
}

/** A `Secret`; reports say how long it is and nothing else. */
export function secret(variable: string, options: SecretOptions = {}): Field<Secret> {
  const bytesMin = options.bytesMin ?? 1;
  const parser: Parser<Secret> = {
    parse: (value) => (Buffer.byteLength(value) >= bytesMin ? new Secret(value) : undefined),
    allowed: `a secret of at least ${bytesMin} bytes`,
  };
  return {
    ...field(variable, parser, options),
    show: (value) => `[secret of ${Buffer.byteLength(value)} bytes]`,
  };
}

export interface IntegerOptions extends FieldOptions<number> {
  readonly min?: number;
  readonly max?: number;
  /** Named in reports: `ms`, `bytes`. */
  readonly unit?: string;
}

/** A whole number in decimal digits, `min` and `max` included. */
export const integer = (variable: string, options: IntegerOptions = {}): Field<number> =>
  field(variable, integerParser(options), options);

function integerParser(options: IntegerOptions): Parser<number> {
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER, unit } = options;
  return {
    parse: (value) => {
      const number = /^-?\d{1,16}$/u.test(value) ? Number(value) : Number.NaN;
      return number >= min && number <= max ? number : undefined;
    },
    allowed: `a whole number${unit === undefined ? "" : ` of ${unit}`}${range(options)}`,
  };
}

function range({ min, max }: IntegerOptions): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  if (min !== undefined) return ` of at least ${min}`;
  return max === undefined ? "" : ` of at most ${max}`;
}

/** A span of time in milliseconds; from 0 unless `min` says otherwise. */
export const milliseconds = (variable: string, options: Omit<IntegerOptions, "unit"> = {}): Field<number> =>
  integer(variable, { min: 0, ...options, unit: "ms" });

const truths: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["1", true],
  ["false", false],
  ["0", false],
]);

export const boolean = (variable: string, options: FieldOptions<boolean> = {}): Field<boolean> =>
  field(variable, { parse: (value) => truths.get(value), allowed: "true, false, 1 or 0" }, options);

export const oneOf = <const Choice extends string>(
  variable: string,
  choices: readonly Choice[],
  options: FieldOptions<NoInfer<Choice>> = {},
): Field<Choice> =>
  field<Choice>(
    variable,
    { parse: (value) => choices.find((choice) => choice === value), allowed: choices.join(" or ") },
    options,
  );

export interface UrlOptions extends FieldOptions<string> {
  /** With their colon: `["nats:", "tls:"]`. */
  readonly protocols: readonly string[];
}

/** An absolute URL, kept as it was written. Reports mask the credentials inside. */
export const url = (variable: string, options: UrlOptions): Field<string> => ({
  ...field(variable, urlParser(options.protocols), options),
  show: maskCredentials,
});

/** For lists of URLs: `list(variable, {of: urlParser(["nats:"])})`. */
export const urlParser = (protocols: readonly string[]): Parser<string> => ({
  parse: (value) => {
    const parsed = URL.parse(value);
    return parsed !== null && protocols.includes(parsed.protocol) && parsed.host !== "" ? value : undefined;
  },
  allowed: `a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(" or ")}`,
});

export interface ListOptions<Item> extends FieldOptions<readonly Item[]> {
  readonly of: Parser<Item>;
  readonly itemsMin?: number;
  readonly itemsMax?: number;
}

/** Items between commas; white space around them is dropped, an empty item is a fault. */
export function list<Item>(variable: string, options: ListOptions<Item>): Field<readonly Item[]> {
  const { of, itemsMin = 1, itemsMax = 100 } = options;
  const parser: Parser<readonly Item[]> = {
    parse: (value) => {
      const items = value.split(",").map((item) => of.parse(item.trim()));
      const sound = items.filter((item) => item !== undefined);
      const complete = sound.length === items.length && !value.split(",").some((item) => item.trim() === "");
      return complete && sound.length >= itemsMin && sound.length <= itemsMax ? sound : undefined;
    },
    allowed: `${itemsMin} to ${itemsMax} of these between commas: ${of.allowed}`,
  };
  return { ...field(variable, parser, options), show: maskCredentials };
}

/** What is between `//` and the last `@` before the path may be a password. */
const maskCredentials = (value: string): string => value.replaceAll(/\/\/[^/,\s]*@/gu, "//[secret]@");
