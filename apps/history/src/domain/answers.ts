import {
  type CommandAnswer,
  type RoomEvent,
  type StoredAnswer,
  type WireError,
  wireError,
} from "@parley/protocol";

export interface Answering {
  readonly epoch: number;
  readonly replayed: boolean;
  /** The event that the command became; needed for an `ok`. */
  readonly event: RoomEvent | undefined;
  /** What a refusal said when it was decided; later only its code is known. */
  readonly error: WireError | undefined;
}

/** A stored answer as its asker gets it. */
export function commandAnswer(
  stored: StoredAnswer,
  { epoch, replayed, event, error }: Answering,
): CommandAnswer {
  switch (stored.outcome) {
    case "refused":
      return { decided: false, code: stored.code, error: error ?? wireError(stored.code), replayed };
    case "noop": {
      const { seq, n, ts } = stored;
      return { decided: true, seq, n, ts, epoch, replayed };
    }
    case "ok": {
      if (event === undefined) throw new Error(`the event at ${stored.seq} is not at hand`);
      return { decided: true, seq: stored.seq, n: event.n, ts: event.ts, epoch, replayed, event };
    }
    default:
      return stored satisfies never;
  }
}

/** A refusal that is not stored. */
export const refusal = (error: WireError): CommandAnswer => ({
  decided: false,
  code: error.code,
  error,
  replayed: false,
});

/** Whether the archive's `ok` is of this log: its event must be the author's, under the key. */
export const provesAnswer = (stored: StoredAnswer, event: RoomEvent | undefined): boolean =>
  stored.outcome !== "ok" ||
  (event !== undefined && event.author === stored.author && event.key === stored.key);
