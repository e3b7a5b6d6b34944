import type { ActionOf, MessageRecord } from "@parley/protocol";
import { reactionCount } from "./fold-message.ts";
import { mentionsOf } from "./mentions.ts";
import { addressable } from "./reading.ts";
import { type Case, change, noop, refuse, type Ruling } from "./ruling.ts";

const noSuchMessage = (seq: number): Ruling => refuse("no_such_message", `the room has no message ${seq}`);

const messageDeleted = (seq: number): Ruling => refuse("message_deleted", `message ${seq} was deleted`);

const otherVersion = (target: MessageRecord, expected: number): Ruling =>
  refuse("version_mismatch", `message ${target.seq} has version ${target.version}, not ${expected}`, {
    detail: { version: target.version },
  });

/** Arguments before the clock: what cannot succeed is said at once, and slow mode delays only what would. */
export function ruleSend(given: Case, action: ActionOf<"send">): Ruling {
  const { room, command, facts } = given;
  const { replyTo, metadata } = action;
  if (replyTo !== undefined && addressable(room, replyTo, { author: command.author, facts }) === undefined) {
    return noSuchMessage(replyTo);
  }
  const mentions = mentionsOf(action, { author: command.author, bot: command.bot, members: facts.members });
  return (
    slowDown(given) ??
    change({
      kind: "message.created",
      text: action.text,
      ...(replyTo === undefined ? {} : { replyTo }),
      ...(mentions.length === 0 ? {} : { mentions: [...mentions] }),
      ...(metadata === undefined ? {} : { metadata }),
    })
  );
}

/** Slow mode binds members, not those who moderate. A clock that went back never asks for more than one whole pause. */
function slowDown({ room, facts, standing }: Case): Ruling | undefined {
  const { slowModeMs } = room.settings;
  if (slowModeMs === 0 || standing !== "member" || facts.lastSentMs === undefined) return undefined;
  const retryAfterMs = Math.min(slowModeMs, facts.lastSentMs + slowModeMs - facts.nowMs);
  if (retryAfterMs <= 0) return undefined;
  return refuse("slow_mode", `one message every ${slowModeMs} ms`, { retryAfterMs });
}

export function ruleEdit({ command, facts, target }: Case, action: ActionOf<"edit">): Ruling {
  if (target === undefined) return noSuchMessage(action.seq);
  if (target.deleted) return messageDeleted(action.seq);
  if (action.ifVersion !== undefined && action.ifVersion !== target.version) {
    return otherVersion(target, action.ifVersion);
  }
  if (action.text === target.text) return noop;
  const mentions = mentionsOf(action, { author: command.author, bot: command.bot, members: facts.members });
  return change({
    kind: "message.edited",
    target: action.seq,
    text: action.text,
    ...(mentions.length === 0 ? {} : { mentions: [...mentions] }),
    version: target.version + 1,
  });
}

/** To delete what is deleted is done already, whatever version is expected. */
export function ruleDelete({ room, target }: Case, action: ActionOf<"delete">): Ruling {
  if (target === undefined) return noSuchMessage(action.seq);
  if (target.deleted) return noop;
  if (action.ifVersion !== undefined && action.ifVersion !== target.version) {
    return otherVersion(target, action.ifVersion);
  }
  return change({
    kind: "message.deleted",
    target: action.seq,
    version: target.version + 1,
    ...(room.pins.includes(action.seq) ? { pins: room.pins.filter((seq) => seq !== action.seq) } : {}),
  });
}

export function ruleReact({ facts, target }: Case, { seq, emoji }: ActionOf<"react">): Ruling {
  if (target === undefined) return noSuchMessage(seq);
  if (target.deleted) return messageDeleted(seq);
  if (facts.reacted) return noop;
  const count = reactionCount(target, emoji);
  const { reactionKindsMax } = facts.limits;
  if (count === 0 && Object.keys(target.reactions).length >= reactionKindsMax) {
    return refuse("too_many_reactions", `message ${seq} has ${reactionKindsMax} different reactions`, {
      detail: { max: reactionKindsMax },
    });
  }
  return change({ kind: "reaction.added", target: seq, emoji, count: count + 1 });
}

export function ruleUnreact({ facts, target }: Case, { seq, emoji }: ActionOf<"unreact">): Ruling {
  if (target === undefined) return noSuchMessage(seq);
  if (target.deleted) return messageDeleted(seq);
  if (!facts.reacted) return noop;
  const count = Math.max(0, reactionCount(target, emoji) - 1);
  return change({ kind: "reaction.removed", target: seq, emoji, count });
}

export function rulePin({ room, facts, target }: Case, { seq }: ActionOf<"pin">): Ruling {
  if (target === undefined) return noSuchMessage(seq);
  if (target.deleted) return messageDeleted(seq);
  if (room.pins.includes(seq)) return noop;
  const { roomPinsMax } = facts.limits;
  if (room.pins.length >= roomPinsMax) {
    return refuse("too_many_pins", `the room has ${roomPinsMax} pins`, { detail: { max: roomPinsMax } });
  }
  return change({ kind: "message.pinned", target: seq, pins: [...room.pins, seq] });
}

export function ruleUnpin({ room, target }: Case, { seq }: ActionOf<"unpin">): Ruling {
  if (target === undefined) return noSuchMessage(seq);
  if (!room.pins.includes(seq)) return noop;
  return change({
    kind: "message.unpinned",
    target: seq,
    pins: room.pins.filter((pinned) => pinned !== seq),
  });
}
