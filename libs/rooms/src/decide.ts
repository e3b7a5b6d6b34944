import {
  type Action,
  type Command,
  isReservedRoom,
  type RoomEvent,
  type RoomRecord,
  type UserId,
  utf8Bytes,
  wireError,
} from "@parley/protocol";
import { ruleAdd, ruleBan, ruleJoin, ruleLeave, ruleRemove, ruleRole, ruleUnban } from "./member-rules.ts";
import { mentionCandidates } from "./mentions.ts";
import {
  ruleDelete,
  ruleEdit,
  rulePin,
  ruleReact,
  ruleSend,
  ruleUnpin,
  ruleUnreact,
} from "./message-rules.ts";
import type { Decide, Decision, FactNeeds, Facts } from "./model.ts";
import { deedOf, prohibition, type RuledAction } from "./permissions.ts";
import { addressable } from "./reading.ts";
import { ruleArchive, ruleCreate, ruleReserved, ruleUpdate } from "./room-rules.ts";
import { type Case, type Draft, noop, refuse, type Ruling } from "./ruling.ts";

/** What to fetch before `decide` can be asked. Without repeats; the author is always the first member. */
export function factNeeds(command: Command): FactNeeds {
  const { action, author, bot } = command;
  const users = [author, ...("user" in action ? [action.user] : [])];
  const messages = "seq" in action ? [action.seq] : [];
  if (action.kind === "send" || action.kind === "edit") {
    users.push(...mentionCandidates(action, { author, bot }));
  }
  if (action.kind === "send" && action.replyTo !== undefined) messages.push(action.replyTo);
  const reaction =
    action.kind === "react" || action.kind === "unreact"
      ? { seq: action.seq, emoji: action.emoji }
      : undefined;
  return { members: [...new Set(users)], messages, reaction };
}

/**
 * What a command becomes in a room that stands so: one event, nothing to do, or a refusal.
 *
 * The first check that fails is the answer: the room exists (`no_such_room`) · the author is not banned (`banned`) and a
 * member (`not_member`) · the room is not archived (`archived`), its kind has such an action (`kind_forbids`) and the
 * author's standing suffices (`forbidden`), all by the table of permissions · the arguments, by the rule of the action ·
 * slow mode (`slow_mode`) · the encoded event's size (`too_large`).
 *
 * Whether the key was used before comes before all this: `keyVerdict`. Pure: equal arguments, equal decision.
 */
export const decide: Decide = (room, command, facts) => {
  const ruling = rule(room, command, facts);
  if (ruling.kind !== "change") return ruling;
  const event = stamp(ruling.draft, room, { command, nowMs: facts.nowMs });
  return tooLarge(event, facts) ?? { kind: "events", events: [event] };
};

function rule(room: RoomRecord, command: Command, facts: Facts): Ruling {
  const { action, author } = command;
  if (isReservedRoom(room.room)) return ruleReserved({ room, command, facts });
  if (action.kind === "access.revoke") {
    return refuse("bad_request", `${action.kind} is for rooms of the service only`);
  }
  if (action.kind === "room.create") return ruleCreate({ room, command, facts }, action);
  if (room.head === 0) return refuse("no_such_room", `no room ${room.room} is known`);
  const member = facts.members.get(author);
  if (member?.status === "banned") return refuse("banned", `${author} is banned from ${room.room}`);
  const standing = member?.status === "active" ? member.role : "outsider";
  if (action.kind === "member.join") {
    // Who is in has joined, in whatever kind of room.
    if (standing !== "outsider") return noop;
  } else if (standing === "outsider") {
    return refuse("not_member", `${author} is not a member of ${room.room}`);
  }
  return ruleAction({ room, command, facts, standing }, action);
}

function ruleAction(asked: Omit<Case, "target" | "subject">, action: RuledAction): Ruling {
  const { room, command, facts, standing } = asked;
  const { author } = command;
  const target = "seq" in action ? addressable(room, action.seq, { author, facts }) : undefined;
  const subject = "user" in action ? facts.members.get(action.user) : undefined;
  const error = prohibition(room, deedOf(action, isOwn(action, { author, target })), standing);
  if (error !== undefined) return { kind: "refused", error };
  return ruleArguments({ ...asked, target, subject }, action);
}

/** A message that is not there counts as one's own: that it is not there is for the rule of the action to say. */
function isOwn(action: Action, { author, target }: { author: UserId; target: Case["target"] }): boolean {
  if ("user" in action) return action.user === author;
  return target === undefined || target.author === author;
}

function ruleArguments(given: Case, action: RuledAction): Ruling {
  switch (action.kind) {
    case "send":
      return ruleSend(given, action);
    case "edit":
      return ruleEdit(given, action);
    case "delete":
      return ruleDelete(given, action);
    case "react":
      return ruleReact(given, action);
    case "unreact":
      return ruleUnreact(given, action);
    case "pin":
      return rulePin(given, action);
    case "unpin":
      return ruleUnpin(given, action);
    case "member.join":
      return ruleJoin(given);
    case "member.leave":
      return ruleLeave(given);
    case "member.add":
      return ruleAdd(given, action);
    case "member.remove":
      return ruleRemove(given, action);
    case "member.role":
      return ruleRole(given, action);
    case "member.ban":
      return ruleBan(given, action);
    case "member.unban":
      return ruleUnban(given, action);
    case "room.update":
      return ruleUpdate(given, action);
    case "room.archive":
      return ruleArchive(given, action);
    default:
      return action satisfies never;
  }
}

/** Time never goes back in a room, whatever the owner's clock does. */
function stamp(
  draft: Draft,
  room: RoomRecord,
  { command, nowMs }: { readonly command: Command; readonly nowMs: number },
): RoomEvent {
  const now = new Date(nowMs).toISOString();
  return {
    seq: room.head + 1,
    n: room.n + (draft.kind === "message.created" ? 1 : 0),
    ts: now > room.ts ? now : room.ts,
    author: command.author,
    key: command.key,
    ...draft,
  };
}

function tooLarge(event: RoomEvent, { limits }: Facts): Decision | undefined {
  const bytes = utf8Bytes(JSON.stringify(event));
  if (bytes <= limits.eventBytesMax) return undefined;
  const message = `the event has ${bytes} bytes, over eventBytesMax (${limits.eventBytesMax})`;
  const detail = { limit: "eventBytesMax", max: limits.eventBytesMax };
  return { kind: "refused", error: wireError("too_large", message, { detail }) };
}
