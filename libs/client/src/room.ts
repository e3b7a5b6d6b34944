import type {
  AckBodies,
  ClientPayload,
  Cursor,
  MessageCommandKind,
  MessageView,
  Page,
  RoomCommandKind,
  RoomCommandPayload,
  RoomEvent,
  RoomId,
  UserId,
} from "@parley/protocol";
import { ParleyError } from "@parley/protocol";
import { RoomLeftError, RoomResetError } from "./client-errors.ts";
import type { Clock } from "./clock.ts";
import type { Emitter } from "./emitter.ts";
import type { CommandInput, Outbox, SubmitOptions } from "./outbox.ts";
import type { ReadMarks } from "./read-marks.ts";
import { ask, type PatientOptions, type Request } from "./request.ts";
import type { JoinedOk, RoomFeed, RoomFeedEvents, RoomState } from "./room-feed.ts";
import { Stream } from "./stream.ts";
import type { Submission } from "./submission.ts";
import { Typists } from "./typists.ts";

type Unaddressed<Payload> = Payload extends unknown ? Omit<Payload, "room" | "key"> : never;
/** The fields of a command on a message, without `room` and `key`. */
export type MessageInput<Kind extends MessageCommandKind> = Unaddressed<ClientPayload<Kind>>;
/** A membership or settings change, as `{kind: "member.add", user}`. */
export type RoomCommandInput = Unaddressed<RoomCommandPayload>;

export interface RoomContext {
  readonly feed: RoomFeed;
  readonly request: Request;
  readonly patient: PatientOptions;
  readonly outbox: Outbox;
  readonly readMarks: ReadMarks;
  readonly clock: Clock;
  readonly typingMs: () => number;
  readonly typingEveryMs: number;
  readonly streamItemsMax: number;
  readonly want: (from: Cursor | "head" | undefined) => void;
  readonly unwant: () => Promise<void>;
}

/** One room: its events in order, and everything one can do in it. */
export class Room implements AsyncIterable<RoomEvent> {
  readonly id: RoomId;
  readonly #context: RoomContext;
  readonly #typists: Typists;
  #typingSaidMs = -Infinity;

  constructor(context: RoomContext) {
    const { feed, clock, typingMs } = context;
    this.id = feed.room;
    this.#context = context;
    this.#typists = new Typists({
      clock,
      typingMs,
      onChange: (user, on) => {
        feed.events.emit("typing", { user, on });
      },
    });
    feed.events.on("event", (event) => {
      if (event.kind === "message.created") this.#typists.heard(event.author, false);
    });
    feed.events.on("state", ({ kind }) => {
      if (kind !== "live") this.#typists.clear();
    });
  }

  get state(): RoomState {
    return this.#context.feed.state;
  }

  /** The place of the last applied event; it is also what the next join starts from. */
  get cursor(): Cursor | undefined {
    return this.#context.feed.cursor;
  }

  /** Who is typing now. */
  get typists(): readonly UserId[] {
    return this.#typists.users;
  }

  readonly on: Emitter<RoomFeedEvents>["on"] = (name, listener) =>
    this.#context.feed.events.on(name, listener);

  /**
   * Receives the room's events from now on, over every reconnect. Membership is not changed.
   *
   * `from`: events after this cursor; by default after the last applied one (the storage remembers it), and without
   * any only those to come, as with `"head"`. Resolves with the server's answer once all it held was applied;
   * rejects with `ParleyError` for a final refusal (`not_member`, `banned` …), with `RoomLeftError` when the room is
   * left meanwhile, and with `ClientClosedError`. While the server cannot be reached it waits.
   */
  join(from?: Cursor | "head"): Promise<JoinedOk> {
    const { feed, want } = this.#context;
    return new Promise((resolve, reject) => {
      const finish = () => {
        offJoined();
        offState();
      };
      const offJoined = feed.events.on("joined", (answer) => {
        finish();
        resolve(answer);
      });
      const offState = feed.events.on("state", (state) => {
        if (state.kind !== "refused" && state.kind !== "closed") return;
        finish();
        reject(state.kind === "refused" ? new ParleyError(state.error) : new RoomLeftError(this.id));
      });
      want(from);
    });
  }

  /** Stops receiving. Membership is not changed; the cursor is kept. */
  leave(): Promise<void> {
    return this.#context.unwant();
  }

  /**
   * The room's events from now on. Ends when the room is left; throws `RoomResetError` when continuity was lost,
   * `StreamOverflowError` when the reader falls too far behind, `ParleyError` when the server refuses the room.
   */
  [Symbol.asyncIterator](): Stream<RoomEvent> {
    const { feed, streamItemsMax } = this.#context;
    const subscriptions: (() => void)[] = [];
    const stream = new Stream<RoomEvent>(streamItemsMax, () => {
      for (const unsubscribe of subscriptions) unsubscribe();
    });
    subscriptions.push(
      feed.events.on("event", (event) => {
        stream.push(event);
      }),
      feed.events.on("reset", (reset) => {
        stream.fail(new RoomResetError(this.id, reset));
      }),
      feed.events.on("state", (state) => {
        if (state.kind === "refused") stream.fail(new ParleyError(state.error));
        if (state.kind === "closed") stream.end();
      }),
    );
    return stream;
  }

  send(message: MessageInput<"send">, options?: SubmitOptions): Submission<"send"> {
    return this.#submit("send", message, options);
  }

  /** `seq` names the message in this and the following. */
  edit(change: MessageInput<"edit">, options?: SubmitOptions): Submission<"edit"> {
    return this.#submit("edit", change, options);
  }

  delete(target: MessageInput<"delete">, options?: SubmitOptions): Submission<"delete"> {
    return this.#submit("delete", target, options);
  }

  react(reaction: MessageInput<"react">, options?: SubmitOptions): Submission<"react"> {
    return this.#submit("react", reaction, options);
  }

  unreact(reaction: MessageInput<"unreact">, options?: SubmitOptions): Submission<"unreact"> {
    return this.#submit("unreact", reaction, options);
  }

  pin(target: MessageInput<"pin">, options?: SubmitOptions): Submission<"pin"> {
    return this.#submit("pin", target, options);
  }

  unpin(target: MessageInput<"unpin">, options?: SubmitOptions): Submission<"unpin"> {
    return this.#submit("unpin", target, options);
  }

  /** Changes membership or settings: `{kind: "member.add", user}`. */
  command(
    input: RoomCommandInput & { readonly kind: RoomCommandKind },
    options?: SubmitOptions,
  ): Submission<"command"> {
    return this.#context.outbox.submit("command", { ...input, room: this.id }, options);
  }

  /** A page of messages in their current state, ascending by seq; at most one of `before`, `after`, `around`. */
  history(query: Omit<ClientPayload<"history">, "room"> = {}): Promise<Page<MessageView>> {
    const { request, patient } = this.#context;
    return ask([request, "history", { ...query, room: this.id }], patient);
  }

  /** A run of events as they were; it does not touch what the room applies. */
  events(query: Omit<ClientPayload<"events">, "room">): Promise<AckBodies["events"]> {
    const { request, patient } = this.#context;
    return ask([request, "events", { ...query, room: this.id }], patient);
  }

  /** Fetches and applies everything up to the newest known event. */
  catchUp(): Promise<void> {
    return this.#context.feed.catchUp();
  }

  /** Marks everything up to `seq` as read, a moment later. A mark never goes back. */
  markRead(seq: number): void {
    this.#context.readMarks.mark(this.id, seq);
  }

  /** Says that the user types; may be called on every keystroke. `false` takes it back at once. */
  typing(on: boolean): void {
    const { clock, request, typingEveryMs } = this.#context;
    const nowMs = clock.nowMs();
    if (on ? nowMs - this.#typingSaidMs < typingEveryMs : this.#typingSaidMs === -Infinity) return;
    this.#typingSaidMs = on ? nowMs : -Infinity;
    void request("typing", { room: this.id, on });
  }

  /** For the client: another user's notice. */
  typingHeard(user: UserId, on: boolean): void {
    this.#typists.heard(user, on);
  }

  #submit<Kind extends MessageCommandKind>(
    kind: Kind,
    input: MessageInput<Kind>,
    options?: SubmitOptions,
  ): Submission<Kind> {
    const addressed = { ...input, room: this.id } as unknown as CommandInput<Kind>;
    return this.#context.outbox.submit(kind, addressed, options);
  }
}
