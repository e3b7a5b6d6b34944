import type { MessageView } from "@parley/protocol";
import type { RoomRecord } from "../recorded-history.ts";
import type { FoldedMessage, RoomFold } from "../room-fold.ts";
import { inRoom, type Violation } from "./violation.ts";

/** I9: pages hold every message of the log once, in order. */
export function pagesAreTheLog(record: RoomRecord, fold: RoomFold): Violation[] {
  const violation = inRoom("I9", record.room);
  const expected = [...fold.messages.keys()];
  return record.pages.flatMap((items) => {
    const seqs = items.map((item) => item.seq);
    const wrong = Array.from({ length: Math.max(seqs.length, expected.length) }, (_, index) => index).find(
      (index) => seqs[index] !== expected[index],
    );
    if (wrong === undefined) return [];
    return [violation(`pages have ${seqs[wrong]} where the log has ${expected[wrong]}`)];
  });
}

/** I10: a message's state is the fold of its events, and nothing changes what was deleted. */
export function messagesAreTheirFold(record: RoomRecord, fold: RoomFold): Violation[] {
  const violation = inRoom("I10", record.room);
  const differing = record.pages.flatMap((items) =>
    items.flatMap((item) => {
      const folded = fold.messages.get(item.seq);
      const seen = JSON.stringify(comparable(item));
      const made = folded === undefined ? "no message" : JSON.stringify(foldedComparable(folded));
      return seen === made ? [] : [violation(`${item.seq} is told as ${seen}; its events make ${made}`)];
    }),
  );
  return [...fold.faults.map(violation), ...differing];
}

/** What is left of a deleted message's reactions is nobody's business: they are not compared. */
const comparable = (item: MessageView) => ({
  n: item.n,
  ts: item.ts,
  author: item.author,
  text: item.text,
  version: item.version,
  deleted: item.deleted,
  pinned: item.pinned,
  reactions: item.deleted ? [] : item.reactions.map(({ emoji, count }) => `${emoji} ${count}`).sort(),
});

const foldedComparable = (message: FoldedMessage) => ({
  n: message.n,
  ts: message.ts,
  author: message.author,
  text: message.text,
  version: message.version,
  deleted: message.deleted,
  pinned: message.pinned,
  reactions: message.deleted
    ? []
    : [...message.reactions].map(([emoji, users]) => `${emoji} ${users.size}`).sort(),
});
