import { liveHeapBytes, SeededRandom, testSeed } from "@parley/testing";
import { expect, test } from "vitest";
import { freshCounts, Fuzzer } from "./src/fuzz.ts";
import { figure, World } from "./src/world.ts";

const inputs = 10_000;
/** Before this many, memory still grows because code is compiled and caches fill. */
const warmUpInputs = 3_000;
const actors = 8;
/** Of what is live after a collection, some 40 MiB: a leak of one kilobyte an input is seen. */
const heapGrowthMax = 1.1;
/** Of all the process has, garbage and the storage's own thread too: only a large leak is seen. */
const residentGrowthMax = 1.25;
/** Connections come and go with the inputs; one that is left behind by each closed input would be a thousand. */
const handleGrowthMax = 100;

interface Held {
  readonly heapBytes: number;
  readonly residentBytes: number;
  readonly handles: number;
}

const heldBy = async ({ server }: World): Promise<Held> => ({
  heapBytes: await liveHeapBytes(server.output),
  residentBytes: await server.residentBytes(),
  handles: await server.openHandles(),
});

test("ten thousand inputs of any kind get an answer of the catalogue or a close, and leave no trace", async () => {
  const random = new SeededRandom(testSeed());
  figure(`seed ${random.seed}`);
  await using world = await World.start({ inspected: true });
  const people = await world.people(...Array.from({ length: actors }, (_, index) => `Fuzzer ${index}`));
  const room = await world.room(people[0]!, ...people.slice(1));
  const counts = freshCounts();
  await using stack = new AsyncDisposableStack();
  const fuzzers = people.map((person) =>
    stack.use(new Fuzzer({ world, person, room }, random.fork(), counts)),
  );
  const run = (count: number) => Promise.all(fuzzers.map((fuzzer) => fuzzer.run(count / actors)));
  const startedMs = performance.now();
  await run(warmUpInputs);
  const before = await heldBy(world);
  await run(inputs - warmUpInputs);
  const after = await heldBy(world);
  figure(
    `${counts.inputs} inputs in ${((performance.now() - startedMs) / 1000).toFixed(1)} s: ${counts.accepted} accepted, ${counts.closed} closed`,
  );
  figure(`refused: ${JSON.stringify(Object.fromEntries(counts.refused))}`);
  for (const [when, { heapBytes, residentBytes, handles }] of Object.entries({ before, after })) {
    figure(
      `${when}: ${(heapBytes / 2 ** 20).toFixed(1)} MiB live, ${(residentBytes / 2 ** 20).toFixed(0)} MiB resident, ${handles} handles`,
    );
  }
  expect(counts.wrong).toEqual([]);
  expect(world.server.running).toBe(true);
  expect(counts.inputs).toBe(inputs);
  // Inputs that are all refused at the door would try nothing behind it.
  expect(counts.accepted).toBeGreaterThan(inputs / 20);
  expect(after.heapBytes / before.heapBytes).toBeLessThan(heapGrowthMax);
  expect(after.residentBytes / before.residentBytes).toBeLessThan(residentGrowthMax);
  expect(after.handles - before.handles).toBeLessThan(handleGrowthMax);
  const [ada, bob] = await world.people("Ada", "Bob");
  const calm = await world.room(ada!, bob!);
  using bobs = await world.peerIn(bob!, calm);
  const { seq } = await ada!.rest.post(calm, "still here");
  await bobs.next("events", (payload) => payload.events.some((event) => event.seq === seq));
});
