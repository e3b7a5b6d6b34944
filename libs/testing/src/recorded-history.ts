import type { Action, ErrorCode, Key, MessageView, RoomEvent, RoomId, UserId } from "@parley/protocol";

/** A final answer to a key. Answers that mean "ask again" decide nothing and are not recorded. */
export type RecordedAnswer =
  | { readonly atMs: number; readonly outcome: "ok"; readonly seq: number }
  | { readonly atMs: number; readonly outcome: "refused"; readonly code: ErrorCode };

/** What was asked under one key, from its first attempt on. */
export interface Invocation {
  readonly room: RoomId;
  readonly author: UserId;
  readonly key: Key;
  readonly action: Action;
  /** Whose queue it went through: within one, commands of a room keep their order. */
  readonly session: string;
  /** When it was first asked, on the clock that also times the answers. */
  readonly startedMs: number;
  /** Every final answer, in the order of arrival. */
  readonly answers: readonly RecordedAnswer[];
}

/** What a client did to its copy of a room, in order. */
export type AppliedStep =
  /** It began, or began anew, with everything up to `seq` known from a snapshot. */
  | { readonly kind: "start"; readonly epoch: number; readonly seq: number }
  | { readonly kind: "event"; readonly epoch: number; readonly event: RoomEvent };

export interface AppliedHistory {
  readonly room: RoomId;
  readonly user: UserId;
  readonly device: string;
  readonly steps: readonly AppliedStep[];
}

/** One device's view of its user's read mark, in the order of its observations. */
export interface ObservedMark {
  readonly room: RoomId;
  readonly user: UserId;
  readonly device: string;
  readonly mark: number;
  /** Absent when the observation told only the mark. */
  readonly unread: number | undefined;
  /** The room's head that the unread count holds for; absent while others write. */
  readonly head: number | undefined;
}

/** What the server itself says of a room when all is over. */
export interface RoomRecord {
  readonly room: RoomId;
  readonly epoch: number;
  /** The room's log from its first event. */
  readonly log: readonly RoomEvent[];
  /** The same log as it was read earlier, any number of times. */
  readonly earlierLogs: readonly (readonly RoomEvent[])[];
  /** All messages as pages tell them: one reading a page size or direction. */
  readonly pages: readonly (readonly MessageView[])[];
}

export interface RecordedHistory {
  readonly rooms: readonly RoomRecord[];
  readonly invocations: readonly Invocation[];
  readonly applied: readonly AppliedHistory[];
  readonly marks: readonly ObservedMark[];
}

interface OpenInvocation extends Invocation {
  readonly answers: RecordedAnswer[];
}

interface OpenApplied extends AppliedHistory {
  readonly steps: AppliedStep[];
}

/** Takes down what happens while it happens. All times are from `performance.now()` of one process. */
export class HistoryRecorder {
  readonly #invocations = new Map<string, OpenInvocation>();
  readonly #applied = new Map<string, OpenApplied>();
  readonly #marks: ObservedMark[] = [];

  /** Call before the command leaves. Asking again under the same key is the same invocation. */
  invoked(invocation: Omit<Invocation, "startedMs" | "answers">): void {
    const name = keyName(invocation);
    if (this.#invocations.has(name)) return;
    this.#invocations.set(name, { ...invocation, startedMs: performance.now(), answers: [] });
  }

  acknowledged(of: InvocationName, seq: number): void {
    this.#answers(of).push({ atMs: performance.now(), outcome: "ok", seq });
  }

  /** Only for codes that are final. */
  refused(of: InvocationName, code: ErrorCode): void {
    this.#answers(of).push({ atMs: performance.now(), outcome: "refused", code });
  }

  applied(of: Omit<AppliedHistory, "steps">, step: AppliedStep): void {
    const name = `${of.device} ${of.room}`;
    let open = this.#applied.get(name);
    if (open === undefined) {
      open = { ...of, steps: [] };
      this.#applied.set(name, open);
    }
    open.steps.push(step);
  }

  marked(mark: ObservedMark): void {
    this.#marks.push(mark);
  }

  get invocations(): readonly Invocation[] {
    return [...this.#invocations.values()];
  }

  get acknowledgedCount(): number {
    return [...this.#invocations.values()].filter((one) =>
      one.answers.some((answer) => answer.outcome === "ok"),
    ).length;
  }

  get unanswered(): readonly Invocation[] {
    return [...this.#invocations.values()].filter((one) => one.answers.length === 0);
  }

  finish(rooms: readonly RoomRecord[]): RecordedHistory {
    return {
      rooms,
      invocations: [...this.#invocations.values()],
      applied: [...this.#applied.values()],
      marks: this.#marks,
    };
  }

  #answers(of: InvocationName): RecordedAnswer[] {
    const invocation = this.#invocations.get(keyName(of));
    if (invocation === undefined) throw new Error(`an answer to what nobody asked: ${keyName(of)}`);
    return invocation.answers;
  }
}

type InvocationName = Pick<Invocation, "room" | "author" | "key">;
const keyName = ({ room, author, key }: InvocationName): string => `${room} ${author} ${key}`;
