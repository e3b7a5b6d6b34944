import {
  type AckBodies,
  type ClientPayload,
  type Key,
  type MessageCommandKind,
  ParleyError,
  type RoomId,
  type WireError,
} from "@parley/protocol";

import { type Cancel, noCancel } from "./clock.ts";

/** The socket events that change a room: each carries a key, and is answered once and for ever. */
export type CommandName = MessageCommandKind | "command" | "create";

/** A command as it is stored and sent. `payload` holds the key. */
export interface CommandItem<Name extends CommandName = CommandName> {
  readonly name: Name;
  readonly payload: ClientPayload<Name>;
}

/** `queued`: waits for its turn, for a connection or for a retry; `sending`: its answer is awaited. */
export type SubmissionState = "queued" | "sending" | "sent" | "failed";

/** A command on its way: what `room.send` and its like hand out at once. */
export interface Submission<Name extends CommandName = CommandName> {
  readonly name: Name;
  /** The idempotency key: the event that the command becomes carries it. */
  readonly key: Key;
  /** `undefined` for the creation of a room. */
  readonly room: RoomId | undefined;
  readonly payload: ClientPayload<Name>;
  readonly state: SubmissionState;
  /** Why the last try was put off; `undefined` before one was. */
  readonly lastError: WireError | undefined;
  /**
   * The answer. Rejects with `ParleyError` for a final refusal or when the command's patience was over (then it is
   * `retryable`: it may still be applied), `CancelledError`, or `ClientClosedError`.
   */
  readonly acked: Promise<AckBodies[Name]>;
  /** Gives the command up. A command that was sent before may be applied all the same. */
  cancel(): void;
}

export interface PendingOptions<Name extends CommandName> {
  readonly item: CommandItem<Name>;
  /** Whether it need not be stored before it is sent: it is already, or is not to be. */
  readonly stored: boolean;
  /** When the next refusal that asks for a retry is the last, by the client's clock. */
  readonly patientUntilMs: number;
  readonly onCancel: (pending: Pending) => void;
}

/** The inside of a submission. */
export class Pending<Name extends CommandName = CommandName> implements Submission<Name> {
  readonly name: Name;
  readonly key: Key;
  readonly room: RoomId | undefined;
  readonly payload: ClientPayload<Name>;
  readonly patientUntilMs: number;
  readonly acked: Promise<AckBodies[Name]>;
  state: SubmissionState = "queued";
  lastError: WireError | undefined = undefined;
  /** Tries that were put off. */
  attempts = 0;
  endPatience: Cancel = noCancel;
  /** Whether it is in the storage, if it has to be. */
  stored: boolean;
  /** Its place in the storage; `undefined` while it has none. */
  storedAs: string | undefined = undefined;
  /** Answered or given up: nothing of it is to be found in the storage any more. */
  forgotten = false;
  readonly #onCancel: (pending: Pending) => void;
  readonly #settle: PromiseWithResolvers<AckBodies[Name]>;

  constructor({ item, stored, patientUntilMs, onCancel }: PendingOptions<Name>) {
    const { key, room } = item.payload as { readonly key: Key; readonly room?: RoomId };
    this.name = item.name;
    this.key = key;
    this.room = room;
    this.payload = item.payload;
    this.stored = stored;
    this.patientUntilMs = patientUntilMs;
    this.#onCancel = onCancel;
    this.#settle = Promise.withResolvers();
    this.acked = this.#settle.promise;
    // Whoever does not look at the answer is not killed by it.
    this.acked.catch(() => undefined);
  }

  get settled(): boolean {
    return this.state === "sent" || this.state === "failed";
  }

  cancel(): void {
    if (!this.settled) this.#onCancel(this as unknown as Pending);
  }

  succeed(body: AckBodies[Name]): void {
    this.endPatience();
    this.state = "sent";
    this.#settle.resolve(body);
  }

  fail(error: Error): void {
    this.endPatience();
    this.state = "failed";
    if (error instanceof ParleyError) this.lastError = error.wire;
    this.#settle.reject(error);
  }
}
