import {
  type Action,
  type Command,
  defaultLimits,
  type Limits,
  type MemberRecord,
  type MessageRecord,
  mustParse,
  parseKey,
  parseRoomId,
  parseUserId,
  type RoomEvent,
  type RoomId,
  type RoomKind,
  type RoomRecord,
  type UserId,
} from "@parley/protocol";
import { decide, factNeeds } from "./decide.ts";
import { emptyRoom, evolve } from "./evolve.ts";
import { foldMember } from "./fold-member.ts";
import { foldMessage, foldReaction } from "./fold-message.ts";
import type { Decision, Facts } from "./model.ts";

export const user = (name: string): UserId => mustParse(parseUserId, name);
export const ann = user("ann");
export const bob = user("bob");
export const cas = user("cas");
export const dee = user("dee");

/**
 * A room with its whole state in memory, for tests: gives commands and folds what they become. `decide` gets the facts
 * that `factNeeds` asks for and no others, so a need that is forgotten shows as a wrong decision.
 */
export class RoomUnderTest {
  room: RoomRecord;
  readonly events: RoomEvent[] = [];
  readonly members = new Map<UserId, MemberRecord>();
  readonly messages = new Map<number, MessageRecord>();
  /** `[seq, author, emoji]` as JSON, of every reaction that is there. */
  readonly reactions = new Set<string>();
  readonly limits: Limits;
  nowMs = Date.UTC(2026, 0, 1);
  readonly #lastSentMs = new Map<UserId, number>();
  #keys = 0;

  constructor(options: { readonly room?: RoomId; readonly limits?: Partial<Limits> } = {}) {
    this.room = emptyRoom(options.room ?? mustParse(parseRoomId, "r_1"));
    this.limits = { ...defaultLimits, ...options.limits };
  }

  command(author: UserId, action: Action, bot = false): Command {
    this.#keys += 1;
    return { room: this.room.room, author, bot, key: mustParse(parseKey, `k${this.#keys}`), action };
  }

  factsFor(command: Command): Facts {
    const needs = factNeeds(command);
    const { reaction } = needs;
    return {
      members: pick(this.members, needs.members),
      messages: pick(this.messages, needs.messages),
      reacted:
        reaction !== undefined &&
        this.reactions.has(JSON.stringify([reaction.seq, command.author, reaction.emoji])),
      lastSentMs: this.#lastSentMs.get(command.author),
      nowMs: this.nowMs,
      limits: this.limits,
    };
  }

  /** What would become of it; nothing happens. */
  judge(author: UserId, action: Action, bot = false): Decision {
    const command = this.command(author, action, bot);
    return decide(this.room, command, this.factsFor(command));
  }

  give(author: UserId, action: Action, bot = false): Decision {
    const decision = this.judge(author, action, bot);
    if (decision.kind === "events") for (const event of decision.events) this.apply(event);
    return decision;
  }

  /** Gives a command that a test takes for granted; its event. */
  given(author: UserId, action: Action): RoomEvent {
    const decision = this.give(author, action);
    const event = decision.kind === "events" ? decision.events[0] : undefined;
    if (event === undefined) throw new Error(`not given: ${JSON.stringify({ author, action, decision })}`);
    return event;
  }

  apply(event: RoomEvent): void {
    this.events.push(event);
    this.room = evolve(this.room, event);
    if (event.kind === "message.created") this.#lastSentMs.set(event.author, this.nowMs);
    for (const name of namedBy(event))
      set(this.members, name, foldMember(name, this.members.get(name), event));
    for (const seq of [event.seq, ...("target" in event ? [event.target] : [])]) {
      set(this.messages, seq, foldMessage(seq, this.messages.get(seq), event));
    }
    if ("target" in event && "emoji" in event) {
      const { author, target: seq, emoji } = event;
      const name = JSON.stringify([seq, author, emoji]);
      if (foldReaction(this.reactions.has(name), { author, seq, emoji }, event)) this.reactions.add(name);
      else this.reactions.delete(name);
    }
  }
}

function namedBy(event: RoomEvent): readonly UserId[] {
  if (event.kind === "room.created") return event.members.map((member) => member.user);
  return [event.author, ...("user" in event ? [event.user] : [])];
}

function pick<Name, Value>(from: ReadonlyMap<Name, Value>, names: readonly Name[]): Map<Name, Value> {
  const picked = new Map<Name, Value>();
  for (const name of names) set(picked, name, from.get(name));
  return picked;
}

function set<Name, Value>(into: Map<Name, Value>, name: Name, value: Value | undefined): void {
  if (value !== undefined) into.set(name, value);
}

/** A room of `kind` that `ann` owns, with `bob` as moderator and `cas` as member; a direct one is of ann and bob. */
export function roomOf(
  kind: RoomKind,
  options: ConstructorParameters<typeof RoomUnderTest>[0] = {},
): RoomUnderTest {
  const chat = new RoomUnderTest(options);
  if (kind === "direct") {
    chat.given(ann, { kind: "room.create", roomKind: kind, members: [bob] });
    return chat;
  }
  chat.given(ann, { kind: "room.create", roomKind: kind, name: "den", members: [bob, cas] });
  chat.given(ann, { kind: "member.role", user: bob, role: "moderator" });
  return chat;
}

/** `ok` for events, `noop`, or the code of the refusal. */
export function outcome(decision: Decision): string {
  if (decision.kind === "refused") return decision.error.code;
  return decision.kind === "events" ? "ok" : "noop";
}
