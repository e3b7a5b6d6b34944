import { removedBy, type RoomEvent, type UserId } from "@parley/protocol";

/** A message as its events make it. */
export interface FoldedMessage {
  readonly seq: number;
  readonly n: number;
  readonly ts: string;
  readonly author: UserId;
  text: string;
  version: number;
  deleted: boolean;
  pinned: boolean;
  readonly reactions: Map<string, Set<UserId>>;
}

/** When a user was a member: from `from` up to and with `to`, the seq of the event that took them out. */
export interface MemberWindow {
  readonly from: number;
  to: number | undefined;
}

/**
 * A room as its log makes it, written apart from the rules that the server runs: the checker must not share their bugs.
 */
export class RoomFold {
  readonly messages = new Map<number, FoldedMessage>();
  readonly windows = new Map<UserId, MemberWindow[]>();
  /** What in the log contradicts itself. */
  readonly faults: string[] = [];
  /** Whether at some time members saw only what followed their joining. */
  hidesHistory = false;

  constructor(log: readonly RoomEvent[]) {
    for (const event of log) this.#apply(event);
  }

  isMember(user: UserId): boolean {
    const last = this.windows.get(user)?.at(-1);
    return last !== undefined && last.to === undefined;
  }

  /** Undeleted messages above `seq`. */
  messagesAbove(seq: number): number {
    return [...this.messages.values()].filter((message) => message.seq > seq && !message.deleted).length;
  }

  #apply(event: RoomEvent): void {
    switch (event.kind) {
      case "message.created": {
        const { seq, n, ts, author, text } = event;
        const reactions = new Map<string, Set<UserId>>();
        this.messages.set(seq, {
          seq,
          n,
          ts,
          author,
          text,
          version: 1,
          deleted: false,
          pinned: false,
          reactions,
        });
        return;
      }
      case "message.edited":
      case "message.deleted":
      case "reaction.added":
      case "reaction.removed":
      case "message.pinned":
      case "message.unpinned":
        this.#change(event);
        return;
      case "room.created":
        for (const { user } of event.members) this.#enter(user, event.seq);
        this.#enter(event.author, event.seq);
        this.hidesHistory ||= event.settings.history === "since-join";
        return;
      case "room.updated":
      case "room.archived":
        this.hidesHistory ||= event.settings.history === "since-join";
        return;
      default:
        this.#membership(event);
    }
  }

  #change(event: RoomEvent & { readonly target: number }): void {
    const message = this.messages.get(event.target);
    if (message === undefined) {
      this.faults.push(`${event.kind} at ${event.seq} names ${event.target}, which is no earlier message`);
      return;
    }
    if (message.deleted && event.kind !== "message.unpinned") {
      this.faults.push(`${event.kind} at ${event.seq} changes ${event.target}, which was deleted before`);
    }
    change(message, event, this.faults);
  }

  #membership(event: RoomEvent): void {
    if (event.kind === "member.joined") this.#enter(event.author, event.seq);
    if (event.kind === "member.added") this.#enter(event.user, event.seq);
    const gone = removedBy(event);
    const window = gone === undefined ? undefined : this.windows.get(gone)?.at(-1);
    if (window !== undefined && window.to === undefined) window.to = event.seq;
  }

  #enter(user: UserId, seq: number): void {
    if (this.isMember(user)) return;
    this.windows.set(user, [...(this.windows.get(user) ?? []), { from: seq, to: undefined }]);
  }
}

function change(message: FoldedMessage, event: RoomEvent, faults: string[]): void {
  const versioned = (version: number) => {
    if (version !== message.version + 1) {
      faults.push(`${event.kind} at ${event.seq} makes version ${version} of version ${message.version}`);
    }
    message.version = version;
  };
  if (event.kind === "message.edited") {
    versioned(event.version);
    message.text = event.text;
  } else if (event.kind === "message.deleted") {
    versioned(event.version);
    Object.assign(message, { text: "", deleted: true, pinned: false });
  } else if (event.kind === "message.pinned" || event.kind === "message.unpinned") {
    message.pinned = event.kind === "message.pinned";
  } else if (event.kind === "reaction.added" || event.kind === "reaction.removed") {
    react(message, event, faults);
  }
}

function react(
  message: FoldedMessage,
  event: Extract<RoomEvent, { readonly kind: "reaction.added" | "reaction.removed" }>,
  faults: string[],
): void {
  const users = message.reactions.get(event.emoji) ?? new Set<UserId>();
  if (event.kind === "reaction.added") users.add(event.author);
  else users.delete(event.author);
  if (users.size !== event.count) {
    faults.push(`${event.kind} at ${event.seq} counts ${event.count} of ${users.size} ${event.emoji}`);
  }
  if (users.size === 0) message.reactions.delete(event.emoji);
  else message.reactions.set(event.emoji, users);
}
