import {
  type Command,
  type CommandAnswer,
  encodeEntry,
  type Entry,
  type EntryId,
  isFinal,
  type WireError,
  wireError,
} from "@parley/protocol";
import { commandAnswer, refusal } from "../domain/answers.ts";
import { type Batch, decideBatch, type Verdict } from "../domain/batch.ts";
import { failureAnswer } from "../domain/failure.ts";
import { type Settled, settleAppend } from "./append.ts";
import type { Environment } from "./environment.ts";
import { type HeldFacts, holdFacts } from "./fact-fetcher.ts";
import { type LookUp, lookUpKey, stillSays } from "./key-look-up.ts";
import type { RoomImage } from "./room-image.ts";
import { archivedRoom } from "./room-loader.ts";

/** One command on its way to its answer. */
export interface Job {
  readonly command: Command;
  readonly digest: string;
  readonly deadlineAtMs: number;
  readonly traceparent: string | undefined;
  readonly resolve: (answer: CommandAnswer) => void;
  readonly reject: (error: unknown) => void;
  /** The image whose caches hold the command's facts. */
  image: RoomImage | undefined;
  facts: HeldFacts | undefined;
  /** Whether an entry with this command was given to the log: then only the log knows what became of it. */
  attempted: boolean;
  /** What the archive said of the key, once it was asked. */
  lookedUp: LookUp | undefined;
}

export interface CommitContext {
  readonly environment: Environment;
  readonly current: () => Promise<RoomImage>;
  readonly drop: (image: RoomImage, reason: "unsettled" | "foreign_entry") => void;
  readonly hasRoomForMore: () => boolean;
}

/** A command whose answer holds once the entry is stored. */
type Storing = readonly [Job, Extract<Verdict, { kind: "stored" | "repeat" }>];

const conflictPauseMs = 40;
/** Under the planted fault: from the answer, which should have waited, to the append. */
const plantedPauseMs = 100;

/**
 * Commands of one room: facts are fetched as they arrive, side by side; then one entry at a time is decided, stored and
 * answered. While one is being stored, the commands that are ready wait for the next: group commit.
 */
export class CommitLoop {
  readonly #context: CommitContext;
  #ready: Job[] = [];
  #running = false;
  #waiting = 0;
  #inFlight: EntryId | undefined;

  constructor(context: CommitContext) {
    this.#context = context;
  }

  /** Commands without an answer yet. */
  get waiting(): number {
    return this.#waiting;
  }
  /** Id of the entry that is being stored. */
  get inFlight(): EntryId | undefined {
    return this.#inFlight;
  }

  add(job: Job): void {
    this.#waiting += 1;
    void this.#prepare(job);
  }

  /** Fetches the facts, unless the key's answer is already at hand, and lines the job up. */
  async #prepare(job: Job): Promise<void> {
    try {
      const image = await this.#context.current();
      const known = image.answer(job.command) !== undefined || job.lookedUp?.answer !== undefined;
      job.facts = known ? undefined : await holdFacts(this.#context.environment.store, image, job.command);
      job.image = image;
      this.#ready.push(job);
      void this.#run();
    } catch (error) {
      this.#fail(job, error);
    }
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      while (this.#ready.length > 0) await this.#commit();
    } catch (error) {
      // A bug. Nobody may wait for an answer that will not come.
      for (const job of this.#ready.splice(0)) this.#fail(job, error);
    } finally {
      this.#running = false;
    }
  }

  async #commit(): Promise<void> {
    const jobs = this.#takeReady();
    const image = jobs[0]?.image;
    if (image === undefined) return;
    // A failure concerns whoever is in the entry: not those who wait for the next, nor those whose key is looked up.
    let concerned: readonly Job[] = jobs;
    try {
      const batch = this.#decide(image, jobs);
      const storing = this.#sortOut(image, jobs, batch);
      concerned = storing.map(([job]) => job);
      if (storing.length > 0) await this.#store(image, batch, storing);
    } catch (error) {
      for (const job of concerned) this.#fail(job, error);
    }
  }

  /** The jobs that are ready on the current image; those prepared on a dropped one are prepared again. */
  #takeReady(): Job[] {
    const { environment, hasRoomForMore } = this.#context;
    const taken: Job[] = [];
    const most = environment.limits.batchEventsMax;
    const full = !hasRoomForMore();
    const rest = this.#ready;
    this.#ready = [];
    for (const job of rest) {
      if (taken.length >= most) this.#ready.push(job);
      else if (job.deadlineAtMs <= environment.now()) this.#refuse(job, wireError("busy"));
      else if (job.image === undefined || job.image.dropped) this.#again(job);
      else if (full) this.#refuse(job, wireError("unavailable", "the archive is too far behind"));
      else taken.push(job);
    }
    return taken;
  }

  /** Answers what needs no entry, puts back what the batch did not take, and returns what is to be stored. */
  #sortOut(image: RoomImage, jobs: readonly Job[], { verdicts }: Batch): readonly Storing[] {
    const storing: Storing[] = [];
    this.#ready.unshift(...jobs.slice(verdicts.length));
    for (const [index, verdict] of verdicts.entries()) {
      const job = jobs[index];
      if (job === undefined) throw new Error("a verdict was given on no command");
      if (verdict.kind === "stored" || verdict.kind === "repeat") storing.push([job, verdict]);
      else this.#answerAtOnce(image, job, verdict);
    }
    return storing;
  }

  #decide(image: RoomImage, jobs: readonly Job[]): Batch {
    const { environment } = this.#context;
    const input = {
      room: image.record,
      keyTimeMaxMs: image.keyTimeMaxMs,
      keyFloorMs: image.tail.keyFloorMs,
      base: image,
      answer: (command: Command) => image.answer(command),
      nowMs: environment.now(),
      limits: environment.limits,
    };
    const ready = jobs.map(({ command, digest, lookedUp }) => ({
      command,
      digest,
      archivedAnswer: lookedUp?.answer,
      lookedUp: lookedUp !== undefined && stillSays(lookedUp, image),
    }));
    return decideBatch(input, ready);
  }

  #answerAtOnce(image: RoomImage, job: Job, verdict: Exclude<Verdict, { kind: "stored" | "repeat" }>): void {
    switch (verdict.kind) {
      case "look-up":
        void this.#lookUp(image, job);
        return;
      case "refused":
        this.#refuse(job, verdict.error);
        return;
      case "replay": {
        const { answer } = verdict;
        const event =
          answer.outcome === "ok" ? (image.tail.event(answer.seq) ?? job.lookedUp?.event) : undefined;
        this.#answer(
          job,
          commandAnswer(answer, { epoch: image.epoch, replayed: true, event, error: undefined }),
        );
      }
    }
  }

  /** While the archive is away the answer is `unknown`. */
  async #lookUp(image: RoomImage, job: Job): Promise<void> {
    try {
      job.lookedUp = await lookUpKey(this.#context.environment.store, image, job.command);
    } catch (error) {
      if (failureAnswer(error) === undefined) this.#fail(job, error);
      else
        this.#refuse(job, wireError("unknown", "the archive cannot say now whether this key was answered"));
      return;
    }
    this.#again(job);
  }

  async #store(image: RoomImage, batch: Batch, storing: readonly Storing[]): Promise<void> {
    const { environment } = this.#context;
    const entry = this.#encode(image, batch, storing[0]?.[0].traceparent);
    if (environment.faults.has("ack-before-append")) {
      this.#answerStored(image, storing);
      await environment.pause(plantedPauseMs);
    }
    if (image.position === 0 && !(await this.#stillEmpty(image))) {
      this.#retry(image, storing);
      return;
    }
    const deadlineAtMs = Math.max(...storing.map(([job]) => job.deadlineAtMs));
    // Until it is applied: the log reader may meet it before.
    this.#inFlight = entry.header.id;
    try {
      const settled = await this.#append(image, entry, deadlineAtMs);
      if (settled.kind === "confirmed") {
        if (!image.dropped) image.apply(entry, batch.events, settled.position);
        this.#answerStored(image, storing);
      } else await this.#notStored(image, storing, settled);
    } finally {
      this.#inFlight = undefined;
    }
  }

  async #notStored(
    image: RoomImage,
    storing: readonly Storing[],
    settled: Exclude<Settled, { kind: "confirmed" }>,
  ): Promise<void> {
    const { telemetry, pause, random } = this.#context.environment;
    telemetry.appendUnsettled(image.room, settled.kind);
    if (settled.kind === "full") {
      for (const [job] of storing) this.#refuse(job, wireError("unavailable", "the log is full"));
      return;
    }
    for (const [job] of storing) job.attempted = true;
    if (settled.kind === "lost") {
      await pause(random() * conflictPauseMs);
      this.#retry(image, storing);
      return;
    }
    this.#context.drop(image, "unsettled");
    for (const [job] of storing) this.#refuse(job, wireError("unknown"));
  }

  #encode(image: RoomImage, batch: Batch, traceparent: string | undefined): Entry {
    const { room, epoch, record } = image;
    const { events, answers, keyTimeMaxMs } = batch;
    const id = this.#context.environment.newEntryId();
    return encodeEntry({ id, room, epoch, after: record.head, events, answers, keyTimeMaxMs, traceparent });
  }

  async #append(image: RoomImage, entry: Entry, deadlineAtMs: number): Promise<Settled> {
    const { log, now, pause, telemetry } = this.#context.environment;
    const beganMs = now();
    const settled = await settleAppend({
      log,
      entry,
      after: image.position,
      deadlineAtMs,
      now,
      pause,
      onRetry: (cause) => telemetry.appendRetried(cause),
    });
    if (settled.kind === "confirmed") {
      const events = entry.header.last - entry.header.first + 1;
      telemetry.entryStored({ events, bytes: entry.payload.length, ms: now() - beganMs });
    }
    return settled;
  }

  /**
   * Position 0 also matches a room whose entries were all purged, and an image may have stood here through both. So the
   * log is asked immediately before the append, and then the archive: what it holds must be what this image holds.
   */
  async #stillEmpty(image: RoomImage): Promise<boolean> {
    const { log, store } = this.#context.environment;
    if ((await log.last(image.room)) !== undefined) return false;
    const archived = await archivedRoom(store, image.room, image.epoch);
    return (archived?.record.head ?? 0) === image.record.head;
  }

  /** Another owner wrote first: load the room and decide again. What of ours had landed shows as replays. */
  #retry(image: RoomImage, storing: readonly Storing[]): void {
    this.#context.drop(image, "foreign_entry");
    for (const [job] of storing) this.#again(job);
  }

  #again(job: Job): void {
    job.facts?.release();
    job.facts = undefined;
    void this.#prepare(job);
  }

  #answerStored(image: RoomImage, storing: readonly Storing[]): void {
    for (const [job, verdict] of storing) {
      const replayed = verdict.kind === "repeat";
      const error = verdict.kind === "stored" ? verdict.error : undefined;
      const { answer, event } = verdict;
      this.#answer(job, commandAnswer(answer, { epoch: image.epoch, replayed, event, error }));
    }
  }

  #fail(job: Job, error: unknown): void {
    const failure = failureAnswer(error);
    if (failure !== undefined) this.#refuse(job, failure);
    else if (this.#end(job)) job.reject(error);
  }

  /** Answers with what is not stored. Of a command that the log was given, nobody may say that nothing happened. */
  #refuse(job: Job, error: WireError): void {
    const undecided = job.attempted && !isFinal(error.code);
    this.#answer(job, refusal(undecided ? wireError("unknown") : error));
  }

  #answer(job: Job, answer: CommandAnswer): void {
    if (this.#end(job)) job.resolve(answer);
  }

  readonly #ended = new WeakSet<Job>();
  #end(job: Job): boolean {
    job.facts?.release();
    job.facts = undefined;
    if (this.#ended.has(job)) return false;
    this.#ended.add(job);
    this.#waiting -= 1;
    return true;
  }
}
