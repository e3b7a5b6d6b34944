import { describe, expect, it } from "vitest";
import { ReadTurns } from "./read-turns.ts";

/** Reads that end when they are told to, by number. */
function turns(waitingMax = 10) {
  let nowMs = 0;
  const started: number[] = [];
  const ends: (() => void)[] = [];
  const one = new ReadTurns({ together: 2, waitingMax, now: () => nowMs });
  const read = (number: number, deadlineAtMs = 100) =>
    one.run(deadlineAtMs, async () => {
      started.push(number);
      await new Promise<void>((done) => (ends[number] = done));
      return number;
    });
  return { started, ends, read, at: (ms: number) => (nowMs = ms) };
}

const settled = () => new Promise((done) => setImmediate(done));

describe("reads", () => {
  it("run so many at once, in the order asked", async () => {
    const { started, ends, read } = turns();
    const all = [0, 1, 2, 3].map((number) => read(number));
    await settled();
    expect(started).toEqual([0, 1]);
    ends[1]?.();
    await settled();
    expect(started).toEqual([0, 1, 2]);
    ends[0]?.();
    ends[2]?.();
    await settled();
    ends[3]?.();
    expect(await Promise.all(all)).toEqual([0, 1, 2, 3]);
  });

  it("that find too many waiting are refused as busy", async () => {
    const { read, ends } = turns(1);
    const all = [0, 1, 2].map((number) => read(number));
    await expect(read(3)).rejects.toMatchObject({ wire: { code: "busy" } });
    ends[0]?.();
    await settled();
    ends[1]?.();
    ends[2]?.();
    expect(await Promise.all(all)).toEqual([0, 1, 2]);
  });

  it("whose time is over when their turn comes are not done, and keep nobody waiting", async () => {
    const { started, ends, read, at } = turns();
    const all = [0, 1].map((number) => read(number));
    const late = read(2, 10).catch((error: unknown) => error);
    const next = read(3);
    at(50);
    ends[0]?.();
    expect(await late).toMatchObject({ wire: { code: "unavailable" } });
    await settled();
    expect(started).toEqual([0, 1, 3]);
    ends[1]?.();
    ends[3]?.();
    expect(await Promise.all([...all, next])).toEqual([0, 1, 3]);
  });

  it("that fail give their turn on", async () => {
    const one = new ReadTurns({ together: 1, waitingMax: 10, now: () => 0 });
    const failing = one.run(1, async () => Promise.reject(new Error("lost")));
    const next = one.run(1, async () => Promise.resolve("read"));
    await expect(failing).rejects.toThrow("lost");
    expect(await next).toBe("read");
  });
});
