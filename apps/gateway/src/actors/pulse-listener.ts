import type { Clock, LiveFeed, Owners } from "@parley/bus";
import type { Pulse, RoomHead, RoomId } from "@parley/protocol";
import {
  caughtUp,
  hearPulse,
  hearSilence,
  newPulseWatch,
  owesAnswer,
  pulseSilenceMs,
  type PulseWatch,
} from "../domain/pulse-watch.ts";

/** Rooms asked one by one at a time, when the owner cannot say what changed. */
const verifyTogetherMax = 8;
const askDeadlineMs = 2_000;

export interface PulseTelemetry {
  pulsesMissed(partition: number): void;
  pulseAnswerFailed(partition: number, code: string): void;
}

export interface PulseListenerParts {
  readonly owners: Pick<Owners, "ask">;
  readonly liveFeed: Pick<LiveFeed, "subscribePulses">;
  readonly clock: Clock;
  readonly telemetry: PulseTelemetry;
  /** Rooms of the partition that are followed here. */
  readonly rooms: () => readonly FollowedRoom[];
}

export interface FollowedRoom {
  readonly room: RoomId;
  hear(head: { readonly epoch: number; readonly seq: number }): void;
  readonly cursor: { readonly epoch: number; readonly seq: number } | undefined;
}

/**
 * Hears one partition's pulses, so that an entry which the feed lost is noticed even if nothing follows it: the heads of a
 * pulse are compared with the followed rooms'. When pulses themselves may have been missed, "what changed since?" is asked,
 * until it is answered.
 */
export class PulseListener {
  readonly #partition: number;
  readonly #parts: PulseListenerParts;
  #watch: PulseWatch;
  #asking = false;
  #closed = false;
  #subscription: Promise<AsyncDisposable> | undefined;
  #cancelTick: (() => void) | undefined;

  constructor(partition: number, parts: PulseListenerParts) {
    this.#partition = partition;
    this.#parts = parts;
    this.#watch = newPulseWatch(parts.clock.nowMs());
  }

  /** Resolves when pulses are heard; rejects when they cannot be, and may be called again. */
  async open(): Promise<void> {
    this.#subscription ??= this.#parts.liveFeed.subscribePulses(this.#partition, (pulse) =>
      this.#onPulse(pulse),
    );
    if (this.#cancelTick === undefined) this.#tick();
    try {
      await this.#subscription;
    } catch (error) {
      this.#subscription = undefined;
      throw error;
    }
  }

  close(): void {
    this.#closed = true;
    this.#cancelTick?.();
    this.#subscription?.then((open) => open[Symbol.asyncDispose]()).catch(() => undefined);
  }

  #tick(): void {
    if (this.#closed) return;
    this.#cancelTick = this.#parts.clock.after(pulseSilenceMs / 3, () => {
      this.#move(hearSilence(this.#watch, this.#parts.clock.nowMs()));
      this.#tick();
    });
  }

  #onPulse(pulse: Pulse): void {
    if (this.#closed) return;
    this.#compare(pulse.heads);
    this.#move(hearPulse(this.#watch, pulse, this.#parts.clock.nowMs()));
  }

  #move(watch: PulseWatch): void {
    if (watch.gaps > this.#watch.gaps) this.#parts.telemetry.pulsesMissed(this.#partition);
    this.#watch = watch;
    if (owesAnswer(watch) && !this.#asking) void this.#ask();
  }

  #compare(heads: readonly RoomHead[]): void {
    if (heads.length === 0) return;
    const followed = new Map(this.#parts.rooms().map((one) => [one.room, one]));
    for (const head of heads) followed.get(head.room)?.hear(head);
  }

  async #ask(): Promise<void> {
    this.#asking = true;
    const { gaps, epoch, position, heardPosition } = this.#watch;
    const reached =
      position === undefined || epoch === undefined
        ? await this.#verifyEach(heardPosition)
        : await this.#changes(epoch, position);
    this.#asking = false;
    // Unanswered, or about a log that is no more: the next pulse or tick asks again.
    const outdated = position !== undefined && this.#watch.position === undefined;
    if (reached !== "unanswered" && !outdated) this.#watch = caughtUp(this.#watch, gaps, reached);
  }

  async #changes(epoch: number, since: number): Promise<number | undefined | "unanswered"> {
    const { owners, telemetry } = this.#parts;
    const { heardPosition } = this.#watch;
    const answer = await owners.ask(
      this.#partition,
      { op: "changes", ask: { partition: this.#partition, epoch, since } },
      { deadlineMs: askDeadlineMs },
    );
    if (!answer.ok) {
      telemetry.pulseAnswerFailed(this.#partition, answer.error.code);
      return "unanswered";
    }
    this.#compare(answer.body.heads);
    if (answer.body.complete) return answer.body.position;
    return this.#verifyEach(heardPosition);
  }

  /** Compares every followed room with what its owner says. Returns `position` when all could be compared. */
  async #verifyEach(position: number | undefined): Promise<number | undefined | "unanswered"> {
    const rooms = this.#parts.rooms().filter((one) => one.cursor !== undefined);
    let answered = true;
    for (let start = 0; start < rooms.length; start += verifyTogetherMax) {
      const some = rooms.slice(start, start + verifyTogetherMax);
      const results = await Promise.all(some.map((one) => this.#verify(one)));
      answered = answered && results.every(Boolean);
    }
    return answered ? position : "unanswered";
  }

  async #verify(followed: FollowedRoom): Promise<boolean> {
    const { cursor, room } = followed;
    if (cursor === undefined) return true;
    const answer = await this.#parts.owners.ask(
      this.#partition,
      { op: "run", ask: { room, after: cursor.seq, limit: 1, atLeast: cursor } },
      { deadlineMs: askDeadlineMs },
    );
    if (answer.ok) followed.hear({ epoch: answer.body.epoch, seq: answer.body.head });
    // A room that nobody can read is no reason to ask about all the others for ever.
    return answer.ok || answer.error.code === "no_such_room";
  }
}
