import {
  defaultSettings,
  type Key,
  type MemberRecord,
  type MessageRecord,
  mustParse,
  parseKey,
  type Role,
  type RoomEvent,
  type RoomId,
  type RoomRecord,
  type StoredAnswer,
  type UserId,
} from "@parley/protocol";

/** What is to happen next, in numbers that a generator draws; the model makes something valid of them. */
export interface ModelStep {
  readonly action: (typeof modelActions)[number];
  readonly user: number;
  readonly target: number;
  readonly value: number;
}

export const modelActions = [
  "send",
  "edit",
  "delete",
  "react",
  "pin",
  "enter",
  "leave",
  "ban",
  "role",
  "update",
  "archive",
  "unreadable",
  "refuse",
] as const;

const emojis = ["👍🏽", ":party:", "__proto__"] as const;
const roles: readonly Role[] = ["member", "moderator", "owner"];

type Mutable<Record> = { -readonly [Field in keyof Record]: Record[Field] };
type EventFields = RoomEvent extends infer Event
  ? Event extends RoomEvent
    ? Omit<Event, "seq" | "n" | "ts" | "author" | "key">
    : never
  : never;

/**
 * One room as plain maps: makes valid events and knows what an archive must say after them. Written apart from the projection,
 * in the simplest way there is, so that the two do not share their mistakes.
 */
export class RoomModel {
  readonly record: Mutable<RoomRecord>;
  readonly messages = new Map<number, Mutable<MessageRecord>>();
  readonly members = new Map<UserId, MemberRecord>();
  readonly events: RoomEvent[] = [];
  readonly answers: StoredAnswer[] = [];
  /** `author seq emoji` of every reaction that is there. */
  readonly reactions = new Set<string>();
  readonly marks = new Map<UserId, number>();
  readonly #users: readonly UserId[];
  #keys = 0;

  constructor(room: RoomId, name: string, users: readonly UserId[]) {
    this.#users = users;
    const [owner] = users as [UserId];
    this.record = {
      room,
      kind: "public",
      name,
      settings: defaultSettings(),
      head: 0,
      n: 0,
      ts: "",
      memberCount: 1,
      ownerCount: 1,
      pins: [],
    };
    const members = [{ user: owner, role: "owner" as const }];
    const counts = { memberCount: 1, ownerCount: 1 };
    const settings = defaultSettings();
    this.#happen(owner, { kind: "room.created", roomKind: "public", name, settings, members, ...counts });
    this.#enter(owner, "owner");
  }

  take(step: ModelStep): void {
    const user = this.#users[step.user % this.#users.length]!;
    if (!this.#do(user, step)) this.#answer(user, "refused");
  }

  /** `false` when the rules would refuse. */
  #do(user: UserId, step: ModelStep): boolean {
    switch (step.action) {
      case "send":
        return this.#send(user, step);
      case "edit":
      case "delete":
      case "react":
      case "pin":
        return this.#change(user, step);
      case "enter":
      case "leave":
      case "ban":
      case "role":
        return this.#membership(user, step);
      case "update":
      case "archive":
        return this.#settle(user, step);
      case "unreadable":
        this.#happen(user, { kind: "invalid" }, "unreadable");
        return true;
      case "refuse":
        return false;
      default:
        return step.action satisfies never;
    }
  }

  #send(author: UserId, { value }: ModelStep): boolean {
    this.record.n += 1;
    const text = `text ${value} 'quoted' \u2028`;
    const mentions = this.#users.slice(0, value % 3);
    const metadata = value % 2 === 0 ? { nested: { value } } : undefined;
    const replyTo = value % 4 === 1 ? this.record.head : undefined;
    const event = this.#happen(author, {
      kind: "message.created",
      text,
      ...(mentions.length === 0 ? {} : { mentions }),
      ...(metadata === undefined ? {} : { metadata }),
      ...(replyTo === undefined ? {} : { replyTo }),
    });
    const { seq, n, ts, key } = event;
    this.messages.set(seq, {
      seq,
      n,
      ts,
      author,
      key,
      text,
      version: 1,
      deleted: false,
      pinned: false,
      editedTs: undefined,
      replyTo,
      mentions,
      metadata,
      reactions: {},
      lastSeq: seq,
    });
    this.marks.set(author, seq);
    return true;
  }

  #change(user: UserId, { action, target: which, value }: ModelStep): boolean {
    const message = [...this.messages.values()][which % Math.max(1, this.messages.size)];
    if (message === undefined || message.deleted) return false;
    const target = message.seq;
    if (action === "react") this.#react(user, message, emojis[value % emojis.length]!);
    if (action === "edit") {
      const version = message.version + 1;
      const event = this.#happen(user, { kind: "message.edited", target, text: `edit ${value}`, version });
      Object.assign(message, { text: `edit ${value}`, version, mentions: [], editedTs: event.ts });
    }
    if (action === "delete") {
      const version = message.version + 1;
      const pins = message.pinned ? { pins: this.#pins(target, false) } : {};
      this.#happen(user, { kind: "message.deleted", target, version, ...pins });
      Object.assign(message, { text: "", version, deleted: true, pinned: false });
      Object.assign(message, { mentions: [], metadata: undefined, reactions: {} });
    }
    if (action === "pin") {
      message.pinned = !message.pinned;
      const kind = message.pinned ? "message.pinned" : "message.unpinned";
      this.#happen(user, { kind, target, pins: this.#pins(target, message.pinned) });
    }
    message.lastSeq = this.record.head;
    return true;
  }

  #pins(target: number, pinned: boolean): number[] {
    const others = this.record.pins.filter((pin) => pin !== target);
    const pins = pinned ? [...others, target] : others;
    this.record.pins = pins;
    return pins;
  }

  #react(user: UserId, message: Mutable<MessageRecord>, emoji: string): void {
    const name = `${user} ${message.seq} ${emoji}`;
    const there = this.reactions.delete(name);
    if (!there) this.reactions.add(name);
    const before = new Map(Object.entries(message.reactions));
    const count = (before.get(emoji) ?? 0) + (there ? -1 : 1);
    const kind = there ? "reaction.removed" : "reaction.added";
    this.#happen(user, { kind, target: message.seq, emoji, count });
    before.set(emoji, count);
    message.reactions = Object.fromEntries([...before].filter(([, held]) => held > 0));
  }

  #membership(user: UserId, { action, value }: ModelStep): boolean {
    const active = this.members.get(user)?.status === "active";
    const by = this.#users[0]!;
    const role = roles[value % roles.length]!;
    if (action === "enter" && !active) {
      const counts = this.#counts(1, role === "owner" ? 1 : 0);
      if (value % 2 === 0) this.#happen(user, { kind: "member.joined", role, ...counts });
      else this.#happen(by, { kind: "member.added", user, role, ...counts });
      this.#enter(user, role);
      return true;
    }
    if (action === "role" && active) {
      this.#happen(by, { kind: "member.role", user, role, ownerCount: this.record.ownerCount });
      this.#status(user, { role });
      return true;
    }
    if (action === "leave" && active) {
      const counts = this.#counts(-1, 0);
      if (value % 2 === 0) this.#happen(user, { kind: "member.left", ...counts });
      else this.#happen(by, { kind: "member.removed", user, ...counts });
      this.#status(user, { status: "left" });
      return true;
    }
    if (action !== "ban") return false;
    if (this.members.get(user)?.status === "banned") {
      this.#happen(by, { kind: "member.unbanned", user });
      this.#status(user, { status: "left" });
    } else {
      this.#happen(by, { kind: "member.banned", user, ...this.#counts(active ? -1 : 0, 0) });
      this.#status(user, { status: "banned" });
    }
    return true;
  }

  #counts(members: number, owners: number): { readonly memberCount: number; readonly ownerCount: number } {
    this.record.memberCount += members;
    this.record.ownerCount += owners;
    return { memberCount: this.record.memberCount, ownerCount: this.record.ownerCount };
  }

  #enter(user: UserId, role: Role): void {
    const seq = this.record.head;
    this.members.set(user, { user, role, status: "active", sinceSeq: seq, lastSeq: seq });
  }

  #status(user: UserId, change: Partial<MemberRecord>): void {
    const before = this.members.get(user) ?? { user, role: "member", status: "left", sinceSeq: 0 };
    this.members.set(user, { ...before, ...change, lastSeq: this.record.head });
  }

  #settle(user: UserId, { action, value }: ModelStep): boolean {
    const before = this.record.settings;
    if (action === "archive") {
      this.record.settings = { ...before, archived: !before.archived };
      this.#happen(user, { kind: "room.archived", settings: this.record.settings });
      return true;
    }
    this.record.settings = { ...before, slowModeMs: value };
    const renamed = value % 2 === 0 ? { name: `${this.record.name} ${value % 10}` } : {};
    Object.assign(this.record, renamed);
    this.#happen(user, { kind: "room.updated", settings: this.record.settings, ...renamed });
    return true;
  }

  #happen(author: UserId, fields: EventFields, unreadable?: "unreadable"): RoomEvent {
    const seq = this.record.head + 1;
    const ts = new Date(Date.UTC(2026, 0, 1) + seq * 1_000).toISOString();
    this.record.head = seq;
    if (unreadable !== undefined) {
      // Whoever keeps the place of an unreadable event cannot know the count and the time there.
      const event: RoomEvent = { kind: "invalid", seq, n: 0, ts: "1970-01-01T00:00:00.000Z", author };
      this.events.push(event);
      return event;
    }
    this.record.ts = ts;
    const key = this.#answer(author, "ok");
    const event = { ...fields, seq, n: this.record.n, ts, author, key } as RoomEvent;
    this.events.push(event);
    return event;
  }

  #answer(author: UserId, outcome: "ok" | "refused"): Key {
    this.#keys += 1;
    const key = mustParse(parseKey, `k_${this.#keys}`);
    const named = { author, key, digest: `digest of ${key}` };
    this.answers.push(
      outcome === "ok"
        ? { ...named, outcome, seq: this.record.head }
        : { ...named, outcome, code: "forbidden" },
    );
    return key;
  }
}
