import { SeededRandom, testSeed } from "@parley/testing";
import { expect, test } from "vitest";
import { freshCounts, Fuzzer } from "./src/fuzz.ts";
import { figure, World } from "./src/world.ts";

const inputs = 10_000;
/** Before this many, memory still grows because code is compiled and caches fill. */
const warmUpInputs = 3_000;
const actors = 8;
/** A leak of one kilobyte an input would be seen; what a garbage collector leaves lying would not. */
const growthMax = 1.25;

test("ten thousand inputs of any kind get an answer of the catalogue or a close, and leave no trace", async () => {
  const random = new SeededRandom(testSeed());
  figure(`seed ${random.seed}`);
  await using world = await World.start();
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
  const before = await world.server.residentBytes();
  await run(inputs - warmUpInputs);
  const after = await world.server.residentBytes();
  figure(
    `${counts.inputs} inputs in ${((performance.now() - startedMs) / 1000).toFixed(1)} s: ${counts.accepted} accepted, ${counts.closed} closed`,
  );
  figure(`refused: ${JSON.stringify(Object.fromEntries(counts.refused))}`);
  figure(
    `memory ${(before / 2 ** 20).toFixed(0)} MiB after warm-up, ${(after / 2 ** 20).toFixed(0)} MiB at the end`,
  );
  expect(counts.wrong).toEqual([]);
  expect(world.server.running).toBe(true);
  expect(after / before).toBeLessThan(growthMax);
  const [ada, bob] = await world.people("Ada", "Bob");
  const calm = await world.room(ada!, bob!);
  using bobs = await world.peerIn(bob!, calm);
  const { seq } = await ada!.rest.post(calm, "still here");
  await bobs.next("events", (payload) => payload.events.some((event) => event.seq === seq));
});
