import { ConfigError, type ConfigFault } from "./config-error.ts";
import type { Field } from "./field.ts";
import { nearest } from "./nearest.ts";

/** Fields by the name that the config gives their values; groups nest. */
export interface Fields {
  readonly [name: string]: Field<unknown> | Fields;
}

/** The values of `fields`, under the same names. */
export type ConfigOf<Shape> = {
  readonly [Name in keyof Shape]: Shape[Name] extends Field<infer Value> ? Value : ConfigOf<Shape[Name]>;
};

export type Environment = Readonly<Record<string, string | undefined>>;

/** A rule between variables. Asked only when each of `variables` is sound by itself. */
export interface CrossCheck<Config> {
  readonly variables: readonly string[];
  /** Must read no value but those of `variables`: others may be missing. */
  readonly holds: (config: Config) => boolean;
  readonly allowed: string;
}

export interface ReadConfigOptions<Config> {
  readonly checks?: readonly CrossCheck<Config>[];
  /** Set variables that begin so must be known, lest a typing error passes for a setting. */
  readonly prefix?: string;
  /** Variables of other services that may be set here too. */
  readonly alsoKnown?: readonly string[];
}

/**
 * Reads `fields` out of `env`: all of it, deeply frozen, or nothing.
 *
 * A variable that is set to nothing counts as not set: compose files pass empty ones on. Throws `ConfigError` with every
 * fault at once: values that are not allowed, required ones not set, unknown names, broken rules between several.
 */
export function readConfig<const Shape extends Fields>(
  env: Environment,
  fields: Shape,
  options: ReadConfigOptions<ConfigOf<Shape>> = {},
): ConfigOf<Shape> {
  const faults: ConfigFault[] = [];
  const config = readGroup(env, fields, faults) as ConfigOf<Shape>;
  const faulty = new Set(faults.map((fault) => fault.variable));
  for (const check of options.checks ?? []) {
    if (check.variables.some((variable) => faulty.has(variable)) || check.holds(config)) continue;
    faults.push(brokenRule(env, fields, check));
  }
  const known = [...variablesOf(fields), ...(options.alsoKnown ?? [])];
  faults.push(...unknownVariables(env, known, options.prefix ?? "PARLEY_"));
  if (faults.length > 0) throw new ConfigError(faults);
  return config;
}

/** The names of all variables that `fields` read. */
export const variablesOf = (fields: Fields): readonly string[] =>
  fieldsOf(fields).map((field) => field.variable);

export interface FieldDescription {
  readonly variable: string;
  readonly allowed: string;
  /** As text; `undefined` when the variable must be set. */
  readonly default: string | undefined;
}

/** One row for each variable, for a manual's table. */
export const describeFields = (fields: Fields): readonly FieldDescription[] =>
  fieldsOf(fields).map(({ variable, allowed, fallback }) => ({
    variable,
    allowed,
    default: fallback === undefined ? undefined : shownDefault(fallback.value),
  }));

const isField = (node: Field<unknown> | Fields): node is Field<unknown> => node["kind"] === "field";

const fieldsOf = (fields: Fields): readonly Field<unknown>[] =>
  Object.values(fields).flatMap((node) => (isField(node) ? [node] : fieldsOf(node)));

/** As it would be written into the environment; a `Secret` shows as nothing but that. */
function shownDefault(value: unknown): string {
  if (Array.isArray(value)) return value.map(shownDefault).join(",");
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "none");
}

const setting = (env: Environment, variable: string): string | undefined => {
  const value = env[variable];
  return value === "" ? undefined : value;
};

function readGroup(env: Environment, fields: Fields, faults: ConfigFault[]): unknown {
  const values = Object.entries(fields).map(([name, node]) => [
    name,
    isField(node) ? readField(env, node, faults) : readGroup(env, node, faults),
  ]);
  return Object.freeze(Object.fromEntries(values));
}

function readField(env: Environment, field: Field<unknown>, faults: ConfigFault[]): unknown {
  const { variable, allowed } = field;
  const set = setting(env, variable);
  const value = set === undefined ? field.fallback?.value : field.parse(set);
  if (set === undefined && field.fallback === undefined) faults.push({ variable, value: undefined, allowed });
  if (set !== undefined && value === undefined) faults.push({ variable, value: field.show(set), allowed });
  return Array.isArray(value) ? Object.freeze(Array.from<unknown>(value)) : value;
}

function brokenRule<Config>(env: Environment, fields: Fields, check: CrossCheck<Config>): ConfigFault {
  const shown = check.variables.map((variable) => {
    const field = fieldsOf(fields).find((candidate) => candidate.variable === variable);
    const set = setting(env, variable);
    if (set !== undefined) return field === undefined ? set : field.show(set);
    return `${shownDefault(field?.fallback?.value)} by default`;
  });
  return { variable: check.variables.join(", "), value: shown.join(", "), allowed: check.allowed };
}

function unknownVariables(
  env: Environment,
  known: readonly string[],
  prefix: string,
): readonly ConfigFault[] {
  const names = new Set(known);
  return Object.keys(env)
    .filter((variable) => variable.startsWith(prefix) && !names.has(variable))
    .sort()
    .map((variable) => {
      const meant = nearest(variable, known);
      const hint = meant === undefined ? "" : ` (did you mean ${meant}?)`;
      // A mistyped name may hold a secret, so its value is never shown.
      return { variable, value: "[hidden]", allowed: `only variables that exist${hint}` };
    });
}
