import {
  encodeEntry,
  type Entry,
  mustParse,
  parseEntryId,
  parseRoomId,
  parseUserId,
  type Pulse,
  type RoomId,
} from "@parley/protocol";
import { afterEach, describe, expect, test } from "vitest";
import type { LiveEntry, LiveFeed } from "../port.ts";

/** A feed on which the suite plays the log. */
export interface LiveFeedSetting extends AsyncDisposable {
  /** One more participant. */
  participant(): Promise<LiveFeed>;
  /** The log has stored `entry`. */
  stored(entry: Entry): Promise<void>;
  /** Resolves when everything sent before has been delivered. */
  delivered(): Promise<void>;
}

const room = mustParse(parseRoomId, "r_1");
const otherRoom = mustParse(parseRoomId, "r_2");
const user = mustParse(parseUserId, "ada");
const ts = "2026-01-01T00:00:00.000Z";

const entryAfter = (after: number, of: RoomId = room): Entry =>
  encodeEntry({
    id: mustParse(parseEntryId, `e${after}`),
    room: of,
    epoch: 1,
    after,
    events: [{ seq: after + 1, n: after + 1, ts, kind: "message.created", author: user, text: `№ ${after}` }],
    answers: [],
    keyTimeMaxMs: 1,
    traceparent: undefined,
  });

const pulse = (partition: number, number: number): Pulse => ({
  partition,
  instance: "h1",
  number,
  epoch: 1,
  position: number * 10,
  heads: [{ room, epoch: 1, seq: number, n: number }],
});

/** The promise of `LiveFeed`. */
export function liveFeedContract(name: string, open: () => Promise<LiveFeedSetting>): void {
  describe(`${name} keeps the promise of LiveFeed`, () => {
    const settings: LiveFeedSetting[] = [];
    const opened = async () => {
      const setting = await open();
      settings.push(setting);
      return setting;
    };
    afterEach(async () => {
      for (const setting of settings.splice(0)) await setting[Symbol.asyncDispose]();
    });

    test("entries come in the order of the log, each once, to every subscriber", async () => {
      const setting = await opened();
      const heard: number[][] = [[], [], []];
      const [one, other] = [await setting.participant(), await setting.participant()];
      for (const [index, feed] of [one, one, other].entries()) {
        await feed.subscribe(room, ({ header }) => heard[index]?.push(header.first));
      }
      const seqs = Array.from({ length: 50 }, (_, index) => index + 1);
      for (const seq of seqs) await setting.stored(entryAfter(seq - 1));
      await setting.delivered();
      expect(heard).toEqual([seqs, seqs, seqs]);
    });

    test("an entry comes byte for byte, without what is the service's own", async () => {
      const setting = await opened();
      const heard: LiveEntry[] = [];
      await (await setting.participant()).subscribe(room, (entry) => heard.push(entry));
      const stored = entryAfter(7);
      await setting.stored(stored);
      await setting.delivered();
      expect(heard.map(({ payload }) => Buffer.from(payload).toString("utf8"))).toEqual([
        Buffer.from(stored.payload).toString("utf8"),
      ]);
      expect(heard[0]?.header).toEqual({ id: "e7", room, epoch: 1, first: 8, last: 8, control: false });
    });

    test("entries of other rooms do not come", async () => {
      const setting = await opened();
      const heard: RoomId[] = [];
      await (await setting.participant()).subscribe(room, ({ header }) => heard.push(header.room));
      await setting.stored(entryAfter(0, otherRoom));
      await setting.stored(entryAfter(0));
      await setting.delivered();
      expect(heard).toEqual([room]);
    });

    test("an entry stored once the subscription is there comes, on every try", async () => {
      const setting = await opened();
      for (let round = 0; round < 20; round += 1) {
        const of = mustParse(parseRoomId, `r_round_${round}`);
        const heard: number[] = [];
        await (await setting.participant()).subscribe(of, ({ header }) => heard.push(header.first));
        await setting.stored(entryAfter(0, of));
        await setting.delivered();
        expect(heard).toEqual([1]);
      }
    });

    test("whoever has unsubscribed gets nothing more, the others do", async () => {
      const setting = await opened();
      const feed = await setting.participant();
      const heard: string[] = [];
      const leaving = await feed.subscribe(room, () => heard.push("leaving"));
      await feed.subscribe(room, () => heard.push("staying"));
      await leaving[Symbol.asyncDispose]();
      await leaving[Symbol.asyncDispose]();
      await setting.stored(entryAfter(0));
      await setting.delivered();
      expect(heard).toEqual(["staying"]);
    });

    test("pulses of the partition come in order, value for value, until unsubscribed", async () => {
      const setting = await opened();
      const [sender, receiver] = [await setting.participant(), await setting.participant()];
      const heard: Pulse[] = [];
      const subscription = await receiver.subscribePulses(3, (each) => heard.push(each));
      for (const number of [1, 2, 3]) {
        sender.publishPulse(pulse(4, number));
        sender.publishPulse(pulse(3, number));
      }
      await setting.delivered();
      expect(heard).toEqual([pulse(3, 1), pulse(3, 2), pulse(3, 3)]);
      await subscription[Symbol.asyncDispose]();
      sender.publishPulse(pulse(3, 4));
      await setting.delivered();
      expect(heard).toHaveLength(3);
    });

    test("whoever publishes a pulse is not called back before it has returned", async () => {
      const feed = await (await opened()).participant();
      let heard = 0;
      await feed.subscribePulses(3, () => {
        heard += 1;
      });
      feed.publishPulse(pulse(3, 1));
      expect(heard).toBe(0);
    });
  });
}
