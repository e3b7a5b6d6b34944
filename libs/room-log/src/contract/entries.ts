import {
  encodeEntry,
  type Entry,
  mustParse,
  parseEntryId,
  parseRoomId,
  parseUserId,
  partitionOf,
  type RoomEvent,
  type RoomId,
} from "@parley/protocol";

export const partitions = 4;

const author = mustParse(parseUserId, "ann");
const rooms = Array.from({ length: 64 }, (_, index) => mustParse(parseRoomId, `r_${index}`));

/** Some rooms of the partition, at least eight. */
export const roomsOf = (partition: number): readonly RoomId[] =>
  rooms.filter((room) => partitionOf(room, partitions) === partition);

let made = 0;
/** An entry no other is like; without a text it holds no event. */
export function entryOf(of: RoomId, text = "hello"): Entry {
  made += 1;
  const ts = "2026-01-01T00:00:00.000Z";
  const event: RoomEvent = { kind: "message.created", seq: made, n: made, ts, author, text };
  return encodeEntry({
    id: mustParse(parseEntryId, `e_${made}`),
    room: of,
    epoch: 1,
    after: made - 1,
    events: text === "" ? [] : [event],
    answers: [],
    keyTimeMaxMs: made,
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  });
}
