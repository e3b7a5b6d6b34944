import {
  canonicalAction,
  type Command,
  type CommandAnswer,
  type Cursor,
  ParleyError,
  type RoomId,
  wireError,
} from "@parley/protocol";
import type { StoredEntry } from "@parley/room-log";
import { refusal } from "../domain/answers.ts";
import { failureAnswer } from "../domain/failure.ts";
import { RoomGapError } from "../domain/load.ts";
import { Tail } from "../domain/tail.ts";
import type { DropReason } from "../telemetry.ts";
import { CommitLoop, type Job } from "./commit-loop.ts";
import type { Environment } from "./environment.ts";
import { RoomImage } from "./room-image.ts";
import { loadRoom } from "./room-loader.ts";

const readTriesMax = 4;

export interface Submission {
  readonly command: Command;
  readonly deadlineAtMs: number;
  readonly traceparent: string | undefined;
}

/** What an actor shares with the other rooms of its instance. */
export interface RoomContext {
  readonly environment: Environment;
  readonly partition: number;
  /** Whether the log reader follows the partition and is at its end: then an entry by another owner is seen at once. */
  readonly followed: () => boolean;
  /** Whether unarchived entries leave memory for more. */
  readonly hasRoomForMore: () => boolean;
  /** Called with how many bytes of entries the room holds more, or fewer, than it said before. */
  readonly onTailBytes: (change: number) => void;
}

/**
 * One room at its owner: loads it, decides what is asked, stores it, answers.
 *
 * State changes on confirmation only. Commands that arrive while an entry is being stored go together into the next.
 */
export class RoomActor {
  readonly room: RoomId;
  readonly #context: RoomContext;
  readonly #commits: CommitLoop;
  #image: RoomImage | undefined;
  #loading: Promise<RoomImage> | undefined;
  /** The newest seq that the log reader has seen here: an image below it is old. */
  #seenSeq = 0;
  #reads = 0;
  #archivedPosition = 0;
  /** Bytes of entries that it said it holds. */
  #saidBytes = 0;

  constructor(room: RoomId, context: RoomContext) {
    this.room = room;
    this.#context = context;
    this.#commits = new CommitLoop({
      environment: context.environment,
      current: () => this.#current(),
      drop: (image, reason) => this.#drop(image, reason),
      hasRoomForMore: () => {
        this.#sayBytes();
        return context.hasRoomForMore();
      },
    });
  }

  get idle(): boolean {
    return this.#reads === 0 && this.#loading === undefined && this.#commits.waiting === 0;
  }
  /** Whether it is known that there is no such room. */
  get absent(): boolean {
    return this.#image?.record.head === 0;
  }
  get partition(): number {
    return this.#context.partition;
  }

  /** Never rejects but by a bug. */
  async submit(submission: Submission): Promise<CommandAnswer> {
    const { environment } = this.#context;
    if (this.#commits.waiting >= environment.limits.roomQueueMax) {
      return refusal(
        wireError("busy", `roomQueueMax (${environment.limits.roomQueueMax}) commands wait in the room`),
      );
    }
    const digest = environment.digest(canonicalAction(submission.command.action));
    return new Promise<CommandAnswer>((resolve, reject) => {
      const job: Job = {
        ...submission,
        digest,
        resolve,
        reject,
        image: undefined,
        facts: undefined,
        attempted: false,
        lookedUp: undefined,
      };
      this.#commits.add(job);
    });
  }

  /**
   * Runs `work` on an image that is as new as can be told and at least `atLeast`. Work on an image that was dropped
   * meanwhile is done again. Throws `ParleyError` `unavailable` when the room cannot be had so.
   */
  async read<Value>(atLeast: Cursor | undefined, work: (image: RoomImage) => Promise<Value>): Promise<Value> {
    this.#reads += 1;
    try {
      for (let attempt = 0; attempt < readTriesMax; attempt += 1) {
        const image = await this.#current();
        if (!(await this.#isCurrent(image, atLeast))) {
          this.#drop(image, "behind");
          continue;
        }
        const value = await attempted(image, work);
        if (value !== undefined) return value.done;
      }
      throw new ParleyError(wireError("unavailable", `the newest state of ${this.room} cannot be had now`));
    } finally {
      this.#reads -= 1;
    }
  }

  /** The log reader has met an entry of this room. One that is not this owner's makes the image old. */
  onLogEntry({ position, entry: { header } }: StoredEntry): void {
    this.#seenSeq = Math.max(this.#seenSeq, header.last);
    const image = this.#image;
    if (image === undefined || position <= image.position || header.id === this.#commits.inFlight) return;
    this.#drop(image, "foreign_entry");
  }

  onArchived(position: number): void {
    this.#archivedPosition = position;
    this.#image?.archivedUpTo(position);
    this.#sayBytes();
  }

  /** Forgets what is archived. */
  shrink(): void {
    this.#image?.shrink();
    this.#sayBytes();
  }

  /** Forgets the room's state; what waits is decided on what is loaded then. */
  forget(reason: "evicted" | "handed_over"): void {
    if (this.#image !== undefined) this.#drop(this.#image, reason);
  }

  async #isCurrent(image: RoomImage, atLeast: Cursor | undefined): Promise<boolean> {
    if (atLeast !== undefined) {
      if (atLeast.epoch > image.epoch) return false;
      if (atLeast.epoch === image.epoch && atLeast.seq > image.record.head) return false;
    }
    if (this.#context.followed()) return true;
    const last = await this.#context.environment.log.last(this.room);
    if (last === undefined) return image.position === 0;
    return last.position <= image.position || last.entry.header.id === this.#commits.inFlight;
  }

  async #current(): Promise<RoomImage> {
    // A read that met newer rows than its image marks the image only.
    if (this.#image?.dropped === true) this.#drop(this.#image, "behind");
    if (this.#image !== undefined) return this.#image;
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #load(): Promise<RoomImage> {
    const { environment } = this.#context;
    const { telemetry, faults, now } = environment;
    const beganMs = now();
    try {
      let loaded = await loadRoom(environment, this.room);
      // What the reader saw while we read may be missing in what we read.
      if (loaded.record.head < this.#seenSeq) loaded = await loadRoom(environment, this.room);
      if (faults.has("forget-keys")) {
        loaded = { ...loaded, tail: new Tail({ firstSeq: loaded.record.head + 1, keyFloorMs: 0 }) };
      }
      this.#image = new RoomImage(loaded);
      this.#image.archivedUpTo(this.#archivedPosition);
      this.#sayBytes();
      telemetry.roomLoaded(now() - beganMs);
      return this.#image;
    } catch (error) {
      if (error instanceof RoomGapError || failureAnswer(error) === undefined) {
        telemetry.roomUnloadable(this.room, error);
      }
      throw error;
    }
  }

  #drop(image: RoomImage, reason: DropReason): void {
    image.dropped = true;
    if (this.#image !== image) return;
    this.#image = undefined;
    this.#sayBytes();
    this.#context.environment.telemetry.roomDropped(reason);
  }

  #sayBytes(): void {
    const bytes = this.#image?.tail.bytes ?? 0;
    this.#context.onTailBytes(bytes - this.#saidBytes);
    this.#saidBytes = bytes;
  }
}

/** What `work` made of the image, or threw; `undefined` when the image was dropped meanwhile: then neither counts. */
async function attempted<Value>(
  image: RoomImage,
  work: (image: RoomImage) => Promise<Value>,
): Promise<{ readonly done: Value } | undefined> {
  try {
    const done = await work(image);
    return image.dropped ? undefined : { done };
  } catch (error) {
    if (image.dropped) return undefined;
    throw error;
  }
}
