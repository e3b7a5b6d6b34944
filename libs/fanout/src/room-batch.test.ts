import fc from "fast-check";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import { type FrameTarget, RoomBatch, type Seat } from "./room-batch.ts";

class Recorder implements FrameTarget {
  readonly got: number[] = [];
  accepts = true;
  writeFrame(frame: Uint8Array): boolean {
    if (this.accepts) this.got.push(frame[0] ?? -1);
    return this.accepts;
  }
}

const frame = (seq: number): Uint8Array => Uint8Array.of(seq);
const nothing = (): void => undefined;
const recorders = (count: number): Recorder[] => Array.from({ length: count }, () => new Recorder());

async function settle(turns = 50): Promise<void> {
  for (let index = 0; index < turns; index += 1) await turn();
}

describe("a room of up to one slice", () => {
  it("is written at once, and tells so after the last session", () => {
    const room = new RoomBatch<Recorder>(nothing, { sliceSize: 3, pendingBytesMax: 100 });
    const all = recorders(3);
    for (const one of all) room.join(one, 0);
    const written = vi.fn(() => expect(all.map(({ got }) => got)).toEqual([[1], [1], [1]]));
    room.write(frame(1), 1, written);
    expect(written).toHaveBeenCalledOnce();
  });

  it("passes by a seat that is held or has the frame already", () => {
    const room = new RoomBatch<Recorder>(nothing);
    const [held, ahead, ready] = recorders(3);
    room.join(held!, 0).held = true;
    room.join(ahead!, 1);
    room.join(ready!, 0);
    room.write(frame(1), 1, nothing);
    expect([held!.got, ahead!.got, ready!.got]).toEqual([[], [], [1]]);
  });

  it("marks the seat of a session that does not take the frame", () => {
    const room = new RoomBatch<Recorder>(nothing);
    const slow = new Recorder();
    slow.accepts = false;
    const seat = room.join(slow, 0);
    room.write(frame(1), 1, nothing);
    expect(seat).toMatchObject({ dirty: true, after: 0 });
  });
});

describe("a room of several slices", () => {
  it("yields to the event loop between slices", async () => {
    const room = new RoomBatch<Recorder>(nothing, { sliceSize: 2, pendingBytesMax: 100 });
    const all = recorders(5);
    for (const one of all) room.join(one, 0);
    room.write(frame(1), 1, nothing);
    expect(all.filter(({ got }) => got.length > 0)).toHaveLength(2);
    await settle();
    expect(all.every(({ got }) => got.length === 1)).toBe(true);
  });

  it("forgets the places of those who left, however long it goes on", async () => {
    const room = new RoomBatch<Recorder>(nothing, { sliceSize: 2, pendingBytesMax: 1_000 });
    for (const one of recorders(3)) room.join(one, 0);
    const slicesOf = async (seq: number): Promise<number> => {
      const written = vi.fn<() => void>();
      room.write(frame(seq), seq, written);
      room.write(frame(seq + 1), seq + 1, nothing);
      let turns = 0;
      for (; written.mock.calls.length === 0; turns += 1) await turn();
      return turns;
    };
    const before = await slicesOf(1);
    for (let seq = 3; seq < 100; seq += 2) {
      for (const seat of Array.from({ length: 20 }, () => room.join(new Recorder(), 1_000))) room.leave(seat);
      await slicesOf(seq);
    }
    expect(await slicesOf(101)).toBeLessThanOrEqual(before + 20);
  });

  it("drops what waits when it gets too much, and owes everybody the head", async () => {
    const skipped = vi.fn<() => void>();
    const room = new RoomBatch<Recorder>(skipped, { sliceSize: 1, pendingBytesMax: 3 });
    const seats = recorders(3).map((one) => room.join(one, 0));
    const written = vi.fn<() => void>();
    for (let seq = 1; seq <= 6; seq += 1) room.write(frame(seq), seq, written);
    await settle();
    expect(written).toHaveBeenCalledTimes(6);
    expect(skipped).toHaveBeenCalledOnce();
    expect(seats.every(({ dirty }) => dirty)).toBe(true);
  });

  it("gives every session the frames of its stay, in order, whoever comes and goes meanwhile", async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("join" as const) }),
      fc.record({ kind: fc.constant("leave" as const), index: fc.nat(20) }),
      fc.record({ kind: fc.constant("write" as const) }),
      fc.record({ kind: fc.constant("turn" as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const room = new RoomBatch<Recorder>(nothing, { sliceSize: 2, pendingBytesMax: 1_000 });
        const here: { one: Recorder; seat: Seat<Recorder>; from: number }[] = [];
        const gone: typeof here = [];
        let seq = 0;
        for (const { kind, ...rest } of steps) {
          if (kind === "join") {
            const one = new Recorder();
            here.push({ one, seat: room.join(one, seq), from: seq });
          } else if (kind === "leave" && here.length > 0 && "index" in rest) {
            const [leaver] = here.splice(rest.index % here.length, 1);
            room.leave(leaver!.seat);
            gone.push(leaver!);
          } else if (kind === "write") {
            seq += 1;
            room.write(frame(seq), seq, nothing);
          } else await turn();
        }
        await settle(200);
        expect(room.size).toBe(here.length);
        for (const { one, from } of here) expect(one.got).toEqual(range(from + 1, seq));
        for (const { one, from } of gone) expect(one.got).toEqual(range(from + 1, one.got.at(-1) ?? from));
      }),
      { numRuns: 60 },
    );
  });
});

const range = (first: number, last: number): number[] =>
  Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
