import { hostname } from "node:os";
import {
  type ConfigOf,
  type CrossCheck,
  type Environment,
  limitFields,
  milliseconds,
  readConfig,
  text,
} from "@parley/config";
import { limitTable, limitVariable } from "@parley/protocol";
import type { HistoryFault } from "./domain/faults.ts";

const dayMs = 86_400_000;

/** The variables of the history service. */
export const historyFields = {
  instance: text("PARLEY_HISTORY_INSTANCE", {
    default: `${hostname()}-${process.pid}`.replaceAll(/[^A-Za-z0-9_-]/gu, "-").slice(-64),
    pattern: /[A-Za-z0-9_-]{1,64}/u,
    allowed: "1 to 64 of A-Z a-z 0-9 _ -, unique among running instances",
  }),
  keepArchivedMs: milliseconds("PARLEY_LOG_KEEP_ARCHIVED_MS", {
    default: 7 * dayMs,
    min: 60_000,
    max: 365 * dayMs,
  }),
  limits: limitFields(limitTable, limitVariable),
};

type Read = ConfigOf<typeof historyFields>;

/** `instance`: its name among the history instances. `keepArchivedMs`: how long the log keeps what is archived. */
export interface HistoryConfig extends Read {
  readonly faults: ReadonlySet<HistoryFault>;
}

const checks: readonly CrossCheck<Read>[] = [
  {
    variables: (["entryBytesMax", "batchBytesMax", "eventBytesMax"] as const).map(limitVariable),
    holds: ({ limits }) => limits.entryBytesMax >= limits.batchBytesMax + limits.eventBytesMax,
    allowed: "an entry must hold a full batch and one event more",
  },
];

/** Throws `ConfigError` with every fault at once. `alsoKnown`: variables of others that are set in the same place. */
export function readHistoryConfig(env: Environment, alsoKnown: readonly string[]): Read {
  return readConfig(env, historyFields, { checks, alsoKnown });
}
