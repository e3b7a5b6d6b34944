import { settle } from "@parley/testing";
import { describe, expect, it } from "vitest";
import { WorkQueue } from "./work-queue.ts";

const now = () => Promise.resolve();

describe("a queue of work", () => {
  it("runs so many at once, and the others in order", async () => {
    const queue = new WorkQueue({ together: 2, waitingMax: 10, ready: now });
    const ends = [1, 2, 3].map(() => Promise.withResolvers<void>());
    const begun: number[] = [];
    const done = ends.map(({ promise }, index) =>
      queue.run(async () => {
        begun.push(index);
        await promise;
      }),
    );
    await settle();
    expect(begun).toEqual([0, 1]);
    for (const { resolve } of ends) resolve();
    for (const one of done) await one;
    expect(begun).toEqual([0, 1, 2]);
  });

  it("refuses what there is no room to wait for", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const queue = new WorkQueue({ together: 1, waitingMax: 1, ready: () => promise });
    const taken = [1, 2, 3].map((task) => queue.run(async () => task));
    resolve();
    expect(await Promise.all(taken)).toEqual([1, 2, undefined]);
  });

  it("that is closed finishes what it has begun, and nothing else", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const queue = new WorkQueue({ together: 1, waitingMax: 10, ready: () => promise });
    const taken = [1, 2].map((task) => queue.run(async () => task));
    queue.close();
    taken.push(queue.run(async () => 3));
    resolve();
    expect(await Promise.all(taken)).toEqual([1, undefined, undefined]);
  });

  it("goes on after a task that failed", async () => {
    const queue = new WorkQueue({ together: 1, waitingMax: 10, ready: now });
    const failing = queue.run(() => Promise.reject(new Error("no")));
    const next = queue.run(() => Promise.resolve("yes"));
    await expect(failing).rejects.toThrow("no");
    await expect(next).resolves.toBe("yes");
  });
});
