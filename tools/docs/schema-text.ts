import {
  CursorSchema,
  MarkSchema,
  MemberViewSchema,
  MessageViewSchema,
  ReactionViewSchema,
  ResetStateSchema,
  RoomOverviewSchema,
  RoomSettingsSchema,
  RoomViewSchema,
  UserViewSchema,
} from "@parley/protocol";

/** As much of a JSON Schema as the wire shapes use. */
interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

const wellKnownPatterns: Readonly<Record<string, string>> = {
  "^[A-Za-z0-9_-]{1,64}$": "id",
  [String.raw`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$`]: "time",
  [String.raw`^[^\s\u0000-\u001f\u007f]{1,64}$`]: "emoji",
};

/** Shapes that have a table row of their own. */
const namedShapes = {
  message: MessageViewSchema,
  reaction: ReactionViewSchema,
  room: RoomViewSchema,
  "my room": RoomOverviewSchema,
  settings: RoomSettingsSchema,
  member: MemberViewSchema,
  user: UserViewSchema,
  mark: MarkSchema,
  "reset state": ResetStateSchema,
  cursor: CursorSchema,
} as const;
const shapeNames: ReadonlyMap<string, string> = new Map(
  Object.entries(namedShapes).map(([name, schema]) => [JSON.stringify(schema), name]),
);

/** The named shapes as rows: name, fields. */
export const shapeRows = (): readonly (readonly [string, string])[] =>
  Object.entries(namedShapes).map(([name, schema]) => [name, fieldList(schema)]);

const between = (min: number | undefined, max: number | undefined): string => {
  const top = max === Number.MAX_SAFE_INTEGER ? undefined : max;
  if (min !== undefined && top !== undefined) return min === top ? ` ${min}` : ` ${min}–${top}`;
  if (min !== undefined) return ` ≥ ${min}`;
  return top === undefined ? "" : ` ≤ ${top}`;
};

/** A schema in a few words: `id`, `integer ≥ 1`, `[{room: id, cursor?: {…}}] 1–500`. Throws for what it has no words for. */
export function schemaText(value: unknown): string {
  const schema = value as Schema;
  const name = shapeNames.get(JSON.stringify(schema));
  if (name !== undefined) return name;
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((one) => JSON.stringify(one)).join(" or ");
  if (schema.anyOf !== undefined) return schema.anyOf.map(schemaText).join(" or ");
  switch (schema.type) {
    case "string":
      return stringText(schema);
    case "integer":
      return `integer${between(schema.minimum, schema.maximum)}`;
    case "boolean":
      return "boolean";
    case "array":
      return `[${schemaText(schema.items)}]${between(schema.minItems, schema.maxItems)}`;
    case "object":
      return schema.properties === undefined ? "object" : `{${fieldTexts(schema, ": ").join(", ")}}`;
    default:
      throw new TypeError(`no words for ${JSON.stringify(schema)}`);
  }
}

function stringText({ pattern, minLength, maxLength }: Schema): string {
  if (pattern === undefined) {
    if (maxLength === undefined) return minLength === undefined ? "text" : "text, not empty";
    return `text of${between(minLength, maxLength)}`;
  }
  const known = wellKnownPatterns[pattern];
  if (known === undefined) throw new TypeError(`no words for the pattern ${pattern}`);
  return known;
}

/** The fields of an object's schema, one text each; an optional one's name ends with `?`. */
function fieldTexts({ properties = {}, required = [] }: Schema, separator: string): readonly string[] {
  return Object.entries(properties).map(
    ([name, field]) => `${name}${required.includes(name) ? "" : "?"}${separator}${schemaText(field)}`,
  );
}

/** Names and types of an object's fields as Markdown, less those of `leaveOut`. */
export function fieldList(schema: unknown, leaveOut: readonly string[] = []): string {
  const { properties = {}, required = [] } = schema as Schema;
  return Object.entries(properties)
    .filter(([name]) => !leaveOut.includes(name))
    .map(([name, field]) => `\`${name}${required.includes(name) ? "" : "?"}\` ${schemaText(field)}`)
    .join(" · ");
}
