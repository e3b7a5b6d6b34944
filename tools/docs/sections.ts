import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { closesTable, errorsTable } from "./catalogues.ts";
import { metricsTable } from "./metrics.ts";
import { limitNamesTable, limitsTable, variablesTable } from "./variables.ts";
import {
  clientEventsTable,
  commonEventFields,
  eventKindsTable,
  roomCommandsTable,
  serverEventsTable,
  shapesTable,
} from "./wire-tables.ts";

export const root = resolve(import.meta.dirname, "../..");

/** Documents that hold generated blocks. */
export const generatedDocuments = [
  "README.md",
  "docs/protocol.md",
  "docs/errors.md",
  "docs/configuration.md",
  "docs/operations.md",
] as const;

const source = (file: string): string => {
  const text = readFileSync(join(root, file), "utf8").trimEnd();
  return `\`\`\`ts\n${text}\n\`\`\``;
};

/** Every generated block by its name. */
export const sections = (): Readonly<Record<string, string>> => ({
  "client-events": clientEventsTable(),
  "room-commands": roomCommandsTable(),
  "server-events": serverEventsTable(),
  "common-event-fields": commonEventFields(),
  "event-kinds": eventKindsTable(),
  shapes: shapesTable(),
  "limit-names": limitNamesTable(),
  errors: errorsTable(),
  closes: closesTable(),
  variables: variablesTable(),
  limits: limitsTable(),
  metrics: metricsTable(),
  "sdk-sample": source("docs/examples/sdk.ts"),
});
