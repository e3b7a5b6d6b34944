import {
  clientEventNames,
  clientEventSchemas,
  eventKinds,
  eventSchemas,
  roomCommandKinds,
  roomCommandSchemas,
} from "@parley/protocol";
import { acknowledgements, serverEvents } from "./wire-examples.ts";
import { table } from "./generated-blocks.ts";
import { fieldList, shapeRows } from "./schema-text.ts";

/** An example as JSON; what is marked as left out is an ellipsis. */
const shown = (example: unknown): string => `\`${JSON.stringify(example).replaceAll('"…"', "…")}\``;

/** Every event that a client sends, with its payload's fields and an example of the answer. */
export function clientEventsTable(): string {
  const rows = clientEventNames.map((name) => [
    `\`${name}\``,
    name === "command"
      ? "`room` id · `key` id · `kind` and its fields, below"
      : fieldList(clientEventSchemas[name]),
    shown(acknowledgements[name]),
  ]);
  return table(["event", "payload", "`ok` answer, beside `ok: true`"], rows);
}

export function roomCommandsTable(): string {
  const rows = roomCommandKinds.map((kind) => {
    const fields = fieldList(roomCommandSchemas[kind], ["room", "key", "kind"]);
    return [`\`${kind}\``, fields === "" ? "–" : fields];
  });
  return table(["kind", "fields beside `room`, `key` and `kind`"], rows);
}

export function serverEventsTable(): string {
  const rows = Object.entries(serverEvents).map(([name, { meaning, example }]) => [
    `\`${name}\``,
    meaning,
    shown(example),
  ]);
  return table(["event", "means", "example"], rows);
}

const common = ["kind", "seq", "n", "ts", "author", "key"];

export function eventKindsTable(): string {
  const rows = eventKinds
    .filter((kind) => kind !== "access.revoked")
    .map((kind) => {
      const fields = fieldList(eventSchemas[kind], common);
      return [`\`${kind}\``, fields === "" ? "–" : fields];
    });
  return table(["kind", "fields beside the common ones"], rows);
}

export const commonEventFields = (): string =>
  fieldList(eventSchemas.invalid, ["kind"]).replace("`seq`", "`kind` one of the table · `seq`");

export const shapesTable = (): string => table(["shape", "fields"], shapeRows());
