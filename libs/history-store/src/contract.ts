import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ArchiveModel, type ArchiveStep, snapshot } from "./contract/archive-model.ts";
import { modelActions } from "./contract/room-model.ts";
import { applyClaims } from "./contract/apply-claims.ts";
import { readClaims } from "./contract/read-claims.ts";
import type { HistoryStore } from "./port.ts";

/** A fresh store. Disposing it forgets all. */
export interface StoreUnderTest extends AsyncDisposable {
  readonly store: HistoryStore;
}

const step: fc.Arbitrary<ArchiveStep> = fc.record({
  action: fc.constantFrom(...modelActions, "send", "send", "react"),
  user: fc.nat(3),
  target: fc.nat(7),
  value: fc.nat(20),
  room: fc.nat(1),
  ends: fc.boolean(),
});
const world = fc.array(step, { maxLength: 40 }).map((steps) => new ArchiveModel(steps));

/** A reader's turn: how many entries it applies at once, or that it dies and another begins at the floor. */
const turn = fc.record({ reader: fc.nat(1), count: fc.integer({ min: 1, max: 5 }), dies: fc.nat(9) });

/** The promises of `HistoryStore`, on a real store. */
export function historyStoreContract(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`the history store contract, ${name}`, () => {
    let subject: StoreUnderTest;
    beforeAll(async () => {
      subject = await open();
    });
    afterAll(async () => {
      await subject[Symbol.asyncDispose]();
    });
    const store = (): HistoryStore => subject.store;
    const apply = async ({ partition, entries }: ArchiveModel, from = 0, to = entries.length) =>
      store().apply({ partition, epoch: 1, entries: entries.slice(from, to) });

    test("says of any history what its events make, whatever the batches", async () => {
      const property = fc.asyncProperty(world, fc.integer({ min: 1, max: 10 }), async (history, size) => {
        for (let from = 0; from < history.entries.length; from += size)
          await apply(history, from, from + size);
        expect(await snapshot(store(), history)).toEqual(history.expected());
      });
      await fc.assert(property, { numRuns: 25 });
    });

    test("says the same after any part of the log was applied again from its beginning", async () => {
      const property = fc.asyncProperty(world, fc.nat(), async (history, length) => {
        await apply(history);
        await apply(history, 0, 1 + (length % history.entries.length));
        await apply(history);
        expect(await snapshot(store(), history)).toEqual(history.expected());
      });
      await fc.assert(property, { numRuns: 15 });
    });

    test("says the same after two readers went out of step, died and began again at the floor", async () => {
      const turns = fc.array(turn, { maxLength: 30 });
      const property = fc.asyncProperty(world, turns, async (history, taken) => {
        const cursors = [0, 0];
        for (const { reader, count, dies } of taken) {
          const from = cursors[reader] ?? 0;
          await apply(history, from, from + count);
          cursors[reader] = dies === 0 ? await indexOfFloor(history) : from + count;
        }
        await apply(history, await indexOfFloor(history));
        await apply(history, cursors[0]);
        expect(await snapshot(store(), history)).toEqual(history.expected());
      });
      await fc.assert(property, { numRuns: 25 });
    });

    test("says the same after two readers applied at the same time", async () => {
      const property = fc.asyncProperty(world, fc.integer({ min: 1, max: 4 }), async (history, size) => {
        const read = async (batch: number) => {
          for (let from = 0; from < history.entries.length; from += batch) {
            await apply(history, from, from + batch);
          }
        };
        await Promise.all([read(size), read(3)]);
        expect(await snapshot(store(), history)).toEqual(history.expected());
      });
      await fc.assert(property, { numRuns: 10 });
    });

    async function indexOfFloor({ partition, entries }: ArchiveModel): Promise<number> {
      const floor = await store().floor(partition);
      return entries.filter((entry) => entry.position <= (floor?.position ?? 0)).length;
    }

    applyClaims(store);
    readClaims(store);
  });
}
