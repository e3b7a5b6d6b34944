import type { RoomEvent, UserId } from "@parley/protocol";
import { unread, type UnreadQuestion } from "@parley/rooms";

/** A message as counting unread ones needs it. */
export interface WindowMessage {
  readonly seq: number;
  readonly author: UserId;
  readonly deleted: boolean;
  readonly mentions: readonly UserId[];
}

/**
 * A room's newest messages, ascending: the one list from which every member's unread count is computed.
 *
 * `complete`: it reaches back to the room's first message.
 */
export interface MessageWindow {
  readonly messages: readonly WindowMessage[];
  readonly complete: boolean;
}

export interface UnreadCount {
  readonly unread: number;
  readonly mentions: number;
}

/** A member's unread count, or `undefined` when the window does not reach far enough back to say. */
export function countUnread(window: MessageWindow, question: UnreadQuestion): UnreadCount | undefined {
  const count = unread(window.messages, question);
  const oldest = window.messages[0]?.seq ?? Number.POSITIVE_INFINITY;
  const exact = window.complete || oldest <= question.mark || count.unread === question.max;
  return exact ? count : undefined;
}

/** The window after one more event; at most `max` messages stay. */
export function slide(window: MessageWindow, event: RoomEvent, max: number): MessageWindow {
  switch (event.kind) {
    case "message.created": {
      const added = { seq: event.seq, author: event.author, deleted: false, mentions: event.mentions ?? [] };
      const messages = [...window.messages, added];
      const over = messages.length - max;
      return over > 0
        ? { messages: messages.slice(over), complete: false }
        : { messages, complete: window.complete };
    }
    case "message.deleted":
      return change(window, event.target, (message) => ({ ...message, deleted: true, mentions: [] }));
    case "message.edited":
      return change(window, event.target, (message) => ({ ...message, mentions: event.mentions ?? [] }));
    default:
      return window;
  }
}

function change(
  window: MessageWindow,
  seq: number,
  changed: (message: WindowMessage) => WindowMessage,
): MessageWindow {
  const index = window.messages.findIndex((message) => message.seq === seq);
  const message = window.messages[index];
  return message === undefined
    ? window
    : { messages: window.messages.with(index, changed(message)), complete: window.complete };
}
