import type { Clock, Owners } from "@parley/bus";
import { partitionOf, type RoomId } from "@parley/protocol";
import type { FeedHead, FetchedRun } from "../domain/room-feed.ts";

/** Between two questions of which the first brought nothing. */
const pauseMs = 100;
const runEventsMax = 1_000;

export interface RepairParts {
  readonly owners: Pick<Owners, "ask">;
  readonly partitions: number;
  readonly repairMs: number;
  readonly clock: Clock;
  readonly telemetry: {
    holeFound(room: RoomId): void;
    holeClosed(room: RoomId, durationMs: number): void;
  };
}

export interface RepairHandlers {
  fetched(run: FetchedRun): void;
  gaveUp(): void;
}

interface Wanted {
  readonly after: number;
  readonly want: FeedHead;
}

/** Closes one room's hole: one question at a time, again and again, for at most `repairMs` from the first. */
export class Repair {
  readonly #room: RoomId;
  readonly #parts: RepairParts;
  readonly #handlers: RepairHandlers;
  #wanted: Wanted | undefined;
  #startedMs = 0;
  #cancelGiveUp: (() => void) | undefined;
  #cancelPause: (() => void) | undefined;
  /** The question that is out; its answer counts only while it is the current one. */
  #asking: symbol | undefined;

  constructor(room: RoomId, parts: RepairParts, handlers: RepairHandlers) {
    this.#room = room;
    this.#parts = parts;
    this.#handlers = handlers;
  }

  /** The run after `after` is wanted. Begins a repair, or goes on with the one that is under way. */
  fetch(after: number, want: FeedHead): void {
    const { clock, repairMs, telemetry } = this.#parts;
    const progressed = this.#wanted?.after !== after;
    this.#wanted = { after, want };
    if (this.#cancelGiveUp === undefined) {
      this.#startedMs = clock.nowMs();
      this.#cancelGiveUp = clock.after(repairMs, () => this.#giveUp());
      telemetry.holeFound(this.#room);
    }
    if (this.#asking !== undefined) return;
    if (progressed) void this.#ask();
    else this.#pause();
  }

  /** Nothing is missing any more, or nobody wants it. */
  stop(): void {
    if (this.#cancelGiveUp === undefined) return;
    this.#parts.telemetry.holeClosed(this.#room, this.#parts.clock.nowMs() - this.#startedMs);
    this.#reset();
  }

  #giveUp(): void {
    this.#reset();
    this.#handlers.gaveUp();
  }

  #reset(): void {
    this.#cancelGiveUp?.();
    this.#cancelPause?.();
    this.#cancelGiveUp = undefined;
    this.#cancelPause = undefined;
    this.#wanted = undefined;
    this.#asking = undefined;
  }

  #pause(): void {
    this.#cancelPause ??= this.#parts.clock.after(pauseMs, () => {
      this.#cancelPause = undefined;
      void this.#ask();
    });
  }

  async #ask(): Promise<void> {
    const wanted = this.#wanted;
    if (wanted === undefined) return;
    const question = Symbol("run");
    this.#asking = question;
    const { owners, partitions, clock, repairMs } = this.#parts;
    const deadlineMs = Math.max(1, this.#startedMs + repairMs - clock.nowMs());
    const answer = await owners.ask(
      partitionOf(this.#room, partitions),
      {
        op: "run",
        ask: { room: this.#room, after: wanted.after, limit: runEventsMax, atLeast: wanted.want },
      },
      { deadlineMs },
    );
    if (this.#asking !== question) return;
    this.#asking = undefined;
    if (answer.ok) this.#handlers.fetched(answer.body);
    else this.#pause();
  }
}
