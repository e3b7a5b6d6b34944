import type { Entry } from "@parley/protocol";
import type { AppendOutcome, Position, RoomLog } from "@parley/room-log";
import { isRetryable } from "../domain/failure.ts";

/**
 * What became of an entry in the end.
 * `lost`: another entry is where ours was to go; ours may have landed before it: load the room and look for its keys.
 * `unknown`: the deadline passed; it may be stored, now or later.
 */
export type Settled =
  | { readonly kind: "confirmed"; readonly position: Position }
  | { readonly kind: "lost" }
  | { readonly kind: "full" }
  | { readonly kind: "unknown" };

export interface AppendJob {
  readonly log: RoomLog;
  readonly entry: Entry;
  readonly after: Position;
  readonly deadlineAtMs: number;
  readonly now: () => number;
  readonly pause: (ms: number) => Promise<void>;
  readonly onRetry: (cause: "unknown" | "failed") => void;
}

const retryPauseMs = 20;

/**
 * Appends with the one retry that is safe: the same bytes after the same position, until the log says what became of
 * them. A conflict is ours when the room's last entry bears our id: an earlier try had landed.
 */
export async function settleAppend(job: AppendJob): Promise<Settled> {
  const { log, entry } = job;
  let mayHaveLanded = false;
  for (;;) {
    const leftMs = job.deadlineAtMs - job.now();
    if (leftMs <= 0) return { kind: "unknown" };
    const outcome = await attempt(job, leftMs);
    switch (outcome.kind) {
      case "confirmed":
        return outcome;
      case "full":
        return mayHaveLanded ? { kind: "unknown" } : outcome;
      case "conflict": {
        const last = await ownAtEnd(log, entry);
        if (last === "unreadable") break;
        return last === undefined ? { kind: "lost" } : { kind: "confirmed", position: last };
      }
      case "unknown":
        break;
    }
    mayHaveLanded = true;
    job.onRetry("unknown");
    await job.pause(Math.min(retryPauseMs, leftMs));
  }
}

async function attempt(
  { log, entry, after, onRetry }: AppendJob,
  deadlineMs: number,
): Promise<AppendOutcome> {
  try {
    return await log.append(entry, after, { deadlineMs });
  } catch (error) {
    if (!isRetryable(error)) throw error;
    // A log that fails has not said that it did nothing.
    onRetry("failed");
    return { kind: "unknown" };
  }
}

async function ownAtEnd(log: RoomLog, entry: Entry): Promise<Position | undefined | "unreadable"> {
  try {
    const last = await log.last(entry.header.room);
    return last !== undefined && last.entry.header.id === entry.header.id ? last.position : undefined;
  } catch (error) {
    if (!isRetryable(error)) throw error;
    return "unreadable";
  }
}
