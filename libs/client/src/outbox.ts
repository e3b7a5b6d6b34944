import {
  type AckBodies,
  type AckOf,
  type ClientPayload,
  isFinal,
  type Key,
  ParleyError,
  type RoomId,
  type WireError,
  wireError,
} from "@parley/protocol";
import { hintedPauseMs } from "./back-off.ts";
import { CancelledError, ClientClosedError, OutboxFullError } from "./client-errors.ts";
import type { ClientLimits } from "./client-limits.ts";
import type { Clock } from "./clock.ts";
import { Emitter } from "./emitter.ts";
import { OutboxLane } from "./outbox-lane.ts";
import type { Request } from "./request.ts";
import type { ServerClock } from "./server-clock.ts";
import type { Counters } from "./stats.ts";
import type { ClientStorage } from "./storage.ts";
import { type CommandItem, type CommandName, Pending, type Submission } from "./submission.ts";

export interface OutboxOptions {
  readonly request: Request;
  readonly storage: ClientStorage;
  readonly clock: Clock;
  readonly serverClock: ServerClock;
  readonly limits: ClientLimits;
  readonly counters: Counters;
}

export interface SubmitOptions {
  /** `false`: the command is forgotten with the process, and leaves without waiting for the storage. Default `true`. */
  readonly persist?: boolean;
  /** After so long a refusal that asks for a retry fails the command. Default: never. */
  readonly patienceMs?: number;
}

export interface OutboxEvents {
  /** A command was queued, sent, put off, answered or given up. */
  readonly change: Submission;
}

type Unkeyed<Payload> = Payload extends unknown ? Omit<Payload, "key"> : never;
/** A command's payload without its key. */
export type CommandInput<Name extends CommandName> = Unkeyed<ClientPayload<Name>>;

const prefix = "outbox/";
const ordinalDigits = 16;

/**
 * Commands that wait for their final answers, bounded and stored.
 *
 * Order: per room one command is under way, in the order of submission; rooms do not wait for each other. A command is
 * in the storage before it is sent, and is sent again under the same key until its answer is final: after a time-out,
 * a lost connection or a restart. The server answers a repeated key with its first answer.
 */
export class Outbox {
  readonly events = new Emitter<OutboxEvents>();
  readonly #options: OutboxOptions;
  readonly #lanes = new Map<string, OutboxLane>();
  #items = 0;
  #ordinal = 0;
  /** Commands whose answers are awaited, in all lanes. */
  #underWay = 0;
  #underWayMax = 0;
  #loading: Promise<void> | undefined;
  #loaded = false;
  #storing: Promise<unknown> = Promise.resolve();
  #closed = false;
  #emptyWaiters: (() => void)[] = [];

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Unanswered commands, in the order of their submission within each room. */
  get pending(): readonly Submission[] {
    return [...this.#lanes.values()].flatMap((lane) => lane.items);
  }

  get size(): number {
    return this.#items;
  }

  /** Takes over what an earlier client left in the storage; it goes before anything new of its room. */
  load(): Promise<void> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = undefined;
      throw error;
    });
    return this.#loading;
  }

  /**
   * Queues a command under a new key. Throws `OutboxFullError` or `ClientClosedError`.
   */
  submit<Name extends CommandName>(
    name: Name,
    input: CommandInput<Name>,
    { persist = true, patienceMs = Infinity }: SubmitOptions = {},
  ): Submission<Name> {
    const { clock, limits, serverClock } = this.#options;
    if (this.#closed) throw new ClientClosedError();
    if (this.#items >= limits.outboxItemsMax) throw new OutboxFullError(limits.outboxItemsMax);
    const payload = { ...input, key: serverClock.newKey() } as unknown as ClientPayload<Name>;
    const pending = new Pending<Name>({
      item: { name, payload },
      stored: !persist,
      patientUntilMs: clock.nowMs() + patienceMs,
      onCancel: this.#cancelled,
    });
    this.#enqueue(pending as unknown as Pending);
    if (persist) {
      this.#storing = Promise.all([this.#storing, this.#store(pending as unknown as Pending)]);
    }
    if (patienceMs !== Infinity) {
      pending.endPatience = clock.after(patienceMs, () => {
        this.#patienceOver(pending as unknown as Pending);
      });
    }
    return pending;
  }

  /** A connection is up: at most `underWayMax` commands may be under way on it. What was put off is tried now. */
  up(underWayMax: number): void {
    this.#underWayMax = underWayMax;
    const nowMs = this.#options.clock.nowMs();
    for (const lane of this.#lanes.values()) lane.wakeIfAllowed(nowMs);
    this.#pump();
  }

  down(): void {
    this.#underWayMax = 0;
  }

  /** Resolves when nothing waits. */
  async empty(): Promise<void> {
    if (this.#items === 0) return;
    await new Promise<void>((resolve) => {
      this.#emptyWaiters.push(resolve);
    });
  }

  /** Stops. Unanswered commands stay in the storage; their `acked` rejects with `ClientClosedError`. */
  close(): void {
    this.#closed = true;
    for (const lane of this.#lanes.values()) {
      lane.wake();
      for (const pending of lane.items) pending.fail(new ClientClosedError());
    }
    this.#lanes.clear();
    this.#items = 0;
    this.#notifyEmpty();
  }

  /** Resolves when all that was submitted is stored, or failed because it could not be. */
  async stored(): Promise<void> {
    await this.#storing;
  }

  async #load(): Promise<void> {
    const items = await this.#options.storage.read(prefix);
    this.#loaded = true;
    const last = items.at(-1)?.key.slice(prefix.length, prefix.length + ordinalDigits);
    this.#ordinal = Math.max(this.#ordinal, Number(last ?? 0));
    // The last one first, each before what its room has waiting: in the end all are in their order.
    for (const { key: storedAs, value } of this.#closed ? [] : items.toReversed()) {
      const item = value as CommandItem;
      const pending = new Pending({
        item,
        stored: true,
        patientUntilMs: Infinity,
        onCancel: this.#cancelled,
      });
      pending.storedAs = storedAs;
      this.#laneOf(pending).items.unshift(pending);
      this.#items += 1;
      this.events.emit("change", pending);
    }
    this.#pump();
  }

  /** The next place: after all others, and not the one that another client on the storage takes just now. */
  #placeFor({ key }: Pending): string {
    this.#ordinal += 1;
    return `${prefix}${String(this.#ordinal).padStart(ordinalDigits, "0")}/${key}`;
  }

  #laneOf(pending: Pending): OutboxLane {
    const id = laneOf(pending);
    const lane = this.#lanes.get(id) ?? new OutboxLane();
    this.#lanes.set(id, lane);
    return lane;
  }

  #enqueue(pending: Pending): void {
    this.#laneOf(pending).items.push(pending);
    this.#items += 1;
    this.events.emit("change", pending);
    this.#pump();
  }

  async #store(pending: Pending): Promise<void> {
    const { name, payload } = pending;
    try {
      // Places are given once those of an earlier client are known.
      if (!this.#loaded) await this.load();
      if (pending.forgotten) return;
      const storedAs = this.#placeFor(pending);
      pending.storedAs = storedAs;
      await this.#options.storage.write([{ key: storedAs, value: { name, payload } }]);
      pending.stored = true;
      this.#pump();
    } catch (error) {
      if (!pending.settled) this.#finish(pending, error instanceof Error ? error : new Error(String(error)));
    }
  }

  #pump(): void {
    for (const lane of this.#lanes.values()) {
      if (this.#underWay >= this.#underWayMax) return;
      const next = lane.next();
      if (next !== undefined) void this.#send(lane, next);
    }
  }

  async #send(lane: OutboxLane, pending: Pending): Promise<void> {
    const id = laneOf(pending);
    // To the end of the line: with more rooms than may be under way, all have their turn.
    this.#lanes.delete(id);
    this.#lanes.set(id, lane);
    lane.busy = true;
    this.#underWay += 1;
    pending.state = "sending";
    this.events.emit("change", pending);
    const ack = await this.#options.request(pending.name, pending.payload);
    lane.busy = false;
    this.#underWay -= 1;
    // Withdrawn, or the client was closed, while the answer was on its way.
    if (!pending.settled) this.#answered(lane, pending, ack);
    else if (lane.items.length === 0) this.#lanes.delete(id);
    this.#pump();
  }

  #answered(lane: OutboxLane, pending: Pending, ack: AckOf<CommandName>): void {
    if (ack.ok) {
      this.#finish(pending, ack);
    } else if (isFinal(ack.error.code) || this.#options.clock.nowMs() >= pending.patientUntilMs) {
      this.#finish(pending, new ParleyError(ack.error));
    } else {
      this.#putOff(lane, pending, ack.error);
    }
  }

  #putOff(lane: OutboxLane, pending: Pending, error: WireError): void {
    const { clock, limits, counters, serverClock } = this.#options;
    if (error.code === "clock_skew") serverClock.correct(error.detail?.["serverTime"]);
    const backOff = { baseMs: limits.backOffBaseMs, maxMs: limits.backOffMaxMs };
    const hint = { retryAfterMs: error.retryAfterMs, random: clock.random() };
    const afterMs = hintedPauseMs(backOff, pending.attempts, hint);
    counters.commandsRetried += 1;
    pending.attempts += 1;
    pending.lastError = error;
    pending.state = "queued";
    lane.restUntilWoken(
      clock.after(afterMs, () => {
        lane.wake();
        this.#pump();
      }),
      clock.nowMs() + (error.retryAfterMs ?? 0),
    );
    this.events.emit("change", pending);
  }

  /** A command that is under way just then gets its answer first. */
  #patienceOver(pending: Pending): void {
    if (pending.state !== "queued") return;
    const error = pending.lastError ?? wireError("unavailable", "never sent: not connected");
    this.#finish(pending, new ParleyError(error));
    this.#pump();
  }

  readonly #cancelled = (pending: Pending): void => {
    if (!this.#closed) this.#finish(pending, new CancelledError());
    this.#pump();
  };

  #finish(pending: Pending, outcome: AckBodies[CommandName] | Error): void {
    this.#forget(pending);
    if (outcome instanceof Error) pending.fail(outcome);
    else pending.succeed(outcome);
    this.events.emit("change", pending);
    if (this.#items === 0) this.#notifyEmpty();
  }

  #forget(pending: Pending): void {
    const id = laneOf(pending);
    const lane = this.#lanes.get(id);
    lane?.remove(pending);
    if (lane?.items.length === 0 && !lane.busy) this.#lanes.delete(id);
    this.#items -= 1;
    pending.forgotten = true;
    if (pending.storedAs === undefined) return;
    // A place that could not be cleared is submitted once more by the next client, and answered as replayed.
    void this.#options.storage.write([{ key: pending.storedAs, remove: true }]).catch(() => undefined);
  }

  #notifyEmpty(): void {
    for (const resolve of this.#emptyWaiters.splice(0)) resolve();
  }
}

/** Commands of a room share a lane; the creations of rooms are independent of each other. */
const laneOf = ({ room, key }: { readonly room: RoomId | undefined; readonly key: Key }): string =>
  room ?? `create/${key}`;
