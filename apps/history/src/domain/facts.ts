import type { MemberRecord, MessageRecord, RoomEvent, UserId } from "@parley/protocol";
import { foldMember, foldMessage, foldReaction } from "@parley/rooms";

/** A reaction's name in a cache: who reacted to which message with what. */
export const reactionName = (seq: number, emoji: string, user: UserId): string => `${seq} ${user} ${emoji}`;

/** Folds newer events over a member's archived row; those already in it change nothing. */
export function memberAfter(
  user: UserId,
  archived: MemberRecord | undefined,
  events: Iterable<RoomEvent>,
): MemberRecord | undefined {
  let member = archived;
  for (const event of events) member = foldMember(user, member, event);
  return member;
}

export function messageAfter(
  seq: number,
  archived: MessageRecord | undefined,
  events: Iterable<RoomEvent>,
): MessageRecord | undefined {
  let message = archived;
  for (const event of events) message = foldMessage(seq, message, event);
  return message;
}

export interface ReactionName {
  readonly author: UserId;
  readonly seq: number;
  readonly emoji: string;
}

export function reactedAfter(name: ReactionName, archived: boolean, events: Iterable<RoomEvent>): boolean {
  let reacted = archived;
  for (const event of events) reacted = foldReaction(reacted, name, event);
  return reacted;
}

/** The users whose membership `event` may change. */
export function usersOf(event: RoomEvent): readonly UserId[] {
  switch (event.kind) {
    case "room.created":
      return event.members.map(({ user }) => user);
    case "member.joined":
    case "member.left":
      return [event.author];
    case "member.added":
    case "member.removed":
    case "member.role":
    case "member.banned":
    case "member.unbanned":
      return [event.user];
    default:
      return [];
  }
}

/** The message that `event` makes or changes. */
export function messageOf(event: RoomEvent): number | undefined {
  if (event.kind === "message.created") return event.seq;
  return "target" in event ? event.target : undefined;
}
