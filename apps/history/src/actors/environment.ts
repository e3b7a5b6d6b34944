import type { EntryId, Limits } from "@parley/protocol";
import type { HistoryStore } from "@parley/history-store";
import type { RoomLog } from "@parley/room-log";
import type { HistoryFault } from "../domain/faults.ts";
import type { HistoryTelemetry } from "../telemetry.ts";

/** Everything outside that the actors of one instance work with. */
export interface Environment {
  readonly log: RoomLog;
  readonly store: HistoryStore;
  readonly limits: Limits;
  readonly telemetry: HistoryTelemetry;
  readonly faults: ReadonlySet<HistoryFault>;
  /** Milliseconds since 1970. Decides time-outs, `ts` and slow mode, never order. */
  readonly now: () => number;
  /** Resolves after `ms`, or as soon as `enough` aborts. */
  readonly pause: (ms: number, enough?: AbortSignal) => Promise<void>;
  /** Between 0 and 1: spreads retries. */
  readonly random: () => number;
  readonly newEntryId: () => EntryId;
  /** Hash of an action's canonical text. */
  readonly digest: (text: string) => string;
}
