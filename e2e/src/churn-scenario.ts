import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { RoomId } from "@parley/protocol";
import {
  checkHistory,
  type Evidence,
  evidenceOf,
  HistoryRecorder,
  type RecordedHistory,
  type SeededRandom,
  type Violation,
} from "@parley/testing";
import { within } from "./deadline.ts";
import { Device } from "./device.ts";
import { settle } from "./kill-scenario.ts";
import { readBack } from "./read-back.ts";
import { World } from "./world.ts";
import { type Traffic, untilStopped, writeWith } from "./writers.ts";

const answersDeadlineMs = 60_000;
const clients = 20;
/** So many users have two devices each; the others one. */
const users = 15;
const roomCount = 5;

export interface ChurnOutcome {
  readonly violations: readonly Violation[];
  readonly evidence: Evidence;
  /** For each room, the different histories that clients ended with, as hashes; the log's own is among them. */
  readonly histories: readonly (readonly string[])[];
  readonly figures: {
    readonly cuts: number;
    readonly reconnects: number;
    readonly gapsRepaired: number;
    readonly acknowledged: number;
    /** Changes that never got a final answer. */
    readonly openAtEnd: number;
    /** Connections that the quietest client lost. */
    readonly fewestReconnects: number;
    readonly events: number;
    readonly settledMs: number;
  };
}

/** Twenty clients write in five rooms while the network loses their connections for `durationMs`; then it is quiet. */
export async function runChurn(durationMs: number, random: SeededRandom): Promise<ChurnOutcome> {
  await using world = await World.start();
  const people = await world.people(...Array.from({ length: users }, (_, index) => `User ${index}`));
  const [first, ...others] = people;
  if (first === undefined) throw new RangeError("nobody there");
  const rooms: RoomId[] = [];
  for (let index = 0; index < roomCount; index += 1) rooms.push(await world.room(first, ...others));
  const recorder = new HistoryRecorder();
  await using stack = new AsyncDisposableStack();
  const devices = Array.from({ length: clients }, (_, index) => {
    const person = people[index % users] ?? first;
    const name = `user-${index % users}-${index < users ? "phone" : "laptop"}`;
    return stack.use(new Device({ name, url: world.url, person, recorder }));
  });
  await Promise.all(devices.map((device) => device.open(rooms)));
  const traffic: Traffic = { stopped: false, answered: () => undefined };
  const writers = devices.map((device) => writeWith(device, rooms, { random: random.fork(), traffic }));
  const written = untilStopped(writers, traffic, stack);
  const cuts = await cutRepeatedly(world, durationMs, random);
  traffic.stopped = true;
  const startedMs = performance.now();
  await within(answersDeadlineMs, "an answer to every change", written);
  const settledMs = await settle({ devices, recorder, reader: first, rooms }, startedMs);
  const history = recorder.finish(await readBack(first, rooms));
  const stats = devices.map((device) => device.client.stats());
  return {
    violations: checkHistory(history),
    evidence: evidenceOf(history),
    histories: history.rooms.map(({ room }) => distinctHistories(history, room)),
    figures: {
      cuts,
      reconnects: stats.reduce((sum, { reconnects }) => sum + reconnects, 0),
      gapsRepaired: stats.reduce((sum, { gapsRepaired }) => sum + gapsRepaired, 0),
      acknowledged: recorder.acknowledgedCount,
      openAtEnd: recorder.unanswered.length,
      fewestReconnects: Math.min(...stats.map(({ reconnects }) => reconnects)),
      events: history.rooms.reduce((sum, { log }) => sum + log.length, 0),
      settledMs,
    },
  };
}

async function cutRepeatedly(world: World, durationMs: number, random: SeededRandom): Promise<number> {
  const untilMs = performance.now() + durationMs;
  let cuts = 0;
  while (performance.now() < untilMs) {
    await pause(random.between(20, 600));
    const share = random.chance(0.05) ? 1 : 0.15;
    cuts += world.proxy.cut(() => random.chance(share));
  }
  return cuts;
}

const hash = (events: readonly unknown[]) =>
  createHash("sha256").update(JSON.stringify(events)).digest("hex").slice(0, 16);

function distinctHistories({ rooms, applied }: RecordedHistory, room: RoomId): string[] {
  const log = rooms.find((record) => record.room === room)?.log ?? [];
  const each = applied
    .filter((one) => one.room === room)
    .map(({ steps }) => hash(steps.flatMap((step) => (step.kind === "event" ? [step.event] : []))));
  return [...new Set([hash(log), ...each])];
}
