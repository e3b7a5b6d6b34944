import type { SessionState } from "@parley/client";
import type { MessageView, RoomEvent } from "@parley/protocol";

export type NameOf = (user: string) => string;

/** Control characters would let a message of somebody else move one's cursor. */
const printable = (text: string): string => text.replaceAll(/(?!\n)\p{Cc}/gu, "");

const time = (ts: string): string => new Date(ts).toTimeString().slice(0, 5);

/** A message of the history, in its current state. */
export function messageLine(message: MessageView, nameOf: NameOf): string {
  const text = message.deleted ? "(deleted)" : printable(message.text);
  const edited = message.version > 1 && !message.deleted ? " (edited)" : "";
  const reactions = message.reactions.map(({ emoji, count }) => `  ${printable(emoji)} ${count}`).join("");
  return `${message.seq}  ${time(message.ts)}  ${printable(nameOf(message.author))}: ${text}${edited}${reactions}`;
}

/** What happened in the room, in a line; `undefined` for what is not worth one. */
export function eventLine(event: RoomEvent, nameOf: NameOf): string | undefined {
  const name = (user: string): string => printable(nameOf(user));
  const who = name(event.author);
  switch (event.kind) {
    case "message.created":
      return `${event.seq}  ${time(event.ts)}  ${who}: ${printable(event.text)}`;
    case "message.edited":
      return `   ${who} edited ${event.target}: ${printable(event.text)}`;
    case "message.deleted":
      return `   ${who} deleted ${event.target}`;
    case "reaction.added":
      return `   ${who} reacted to ${event.target}: ${printable(event.emoji)} ${event.count}`;
    case "reaction.removed":
      return `   ${who} took back ${printable(event.emoji)} from ${event.target}`;
    case "message.pinned":
      return `   ${who} pinned ${event.target}`;
    case "message.unpinned":
      return `   ${who} unpinned ${event.target}`;
    case "member.joined":
      return `   ${who} joined (${event.memberCount} members)`;
    case "member.left":
      return `   ${who} left (${event.memberCount} members)`;
    case "member.added":
      return `   ${who} added ${name(event.user)}`;
    case "member.removed":
      return `   ${who} removed ${name(event.user)}`;
    case "member.banned":
      return `   ${who} banned ${name(event.user)}`;
    case "member.unbanned":
      return `   ${who} lifted the ban of ${name(event.user)}`;
    case "member.role":
      return `   ${name(event.user)} is ${event.role} now`;
    case "room.created":
      return `   ${who} created the room`;
    case "room.updated":
      return `   ${who} changed the room`;
    case "room.archived":
      return `   ${who} ${event.settings.archived ? "archived" : "reopened"} the room`;
    case "access.revoked":
    case "invalid":
      break;
  }
  return undefined;
}

/** The connection's state, for people; `undefined` while nothing is wrong. */
export function stateLine(state: SessionState): string | undefined {
  switch (state.kind) {
    case "waiting":
      return `*  reconnecting… (${state.reason})`;
    case "draining":
      return `*  the server restarts: ${printable(state.reason)}; staying until our turn`;
    case "stopped":
      return `*  the server does not want us back: ${state.reason}`;
    case "online":
    case "connecting":
    case "offline":
      break;
  }
  return undefined;
}
