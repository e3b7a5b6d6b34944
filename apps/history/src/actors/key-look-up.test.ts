import type { HistoryStore } from "@parley/history-store";
import { encodeEntry, mustParse, parseEntryId, parseKey, parseRoomId, parseUserId } from "@parley/protocol";
import { emptyRoom } from "@parley/rooms";
import { describe, expect, it } from "vitest";
import { Tail } from "../domain/tail.ts";
import { lookUpKey, stillSays } from "./key-look-up.ts";
import { RoomImage } from "./room-image.ts";

const room = mustParse(parseRoomId, "r1");
const author = mustParse(parseUserId, "ann");
const key = mustParse(parseKey, "k1");
const command = { room, author, bot: false, key, action: { kind: "send", text: "x" } } as const;
const ts = "2026-01-01T00:00:00.000Z";

const store = (answer: Awaited<ReturnType<HistoryStore["answer"]>>): HistoryStore =>
  ({ answer: async () => answer, events: async () => [] }) as Partial<HistoryStore> as HistoryStore;

const newImage = (): RoomImage => {
  const tail = new Tail({ firstSeq: 1, keyFloorMs: 0 });
  return new RoomImage({ record: emptyRoom(room), epoch: 1, position: 0, keyTimeMaxMs: 0, tail });
};

/** Takes one more entry of a message. */
function grow(image: RoomImage): void {
  const after = image.record.head;
  const event = { kind: "message.created", seq: after + 1, n: after + 1, ts, author, text: "x" } as const;
  const id = mustParse(parseEntryId, `e${after}`);
  const common = { answers: [], keyTimeMaxMs: 0, traceparent: undefined };
  image.apply(encodeEntry({ id, room, epoch: 1, after, events: [event], ...common }), [event], after + 1);
}

describe("a look-up of a key", () => {
  it("that found nothing holds while what came since is in memory, however much went before", async () => {
    const image = newImage();
    for (let count = 0; count < 5; count += 1) grow(image);
    const lookUp = await lookUpKey(store(undefined), image, command);
    grow(image);
    image.archivedUpTo(5);
    image.shrink();
    expect(image.tail.entries).toHaveLength(1);
    expect(stillSays(lookUp, image)).toBe(true);
    image.archivedUpTo(6);
    image.shrink();
    expect(stillSays(lookUp, image)).toBe(false);
  });

  it("that found nothing does not hold for the room loaded anew", async () => {
    const lookUp = await lookUpKey(store(undefined), newImage(), command);
    expect(stillSays(lookUp, newImage())).toBe(false);
  });

  it("that found an answer holds for ever", async () => {
    const answer = { author, key, digest: "d", outcome: "refused", code: "banned" } as const;
    const lookUp = await lookUpKey(store(answer), newImage(), command);
    expect(stillSays(lookUp, newImage())).toBe(true);
  });

  it("believes no answer whose event is not there", async () => {
    const answer = { author, key, digest: "d", outcome: "ok", seq: 7 } as const;
    expect((await lookUpKey(store(answer), newImage(), command)).answer).toBeUndefined();
  });
});
