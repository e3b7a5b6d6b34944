import { setTimeout as pause } from "node:timers/promises";
import type { RoomEvent, RoomId } from "@parley/protocol";
import {
  checkHistory,
  type Evidence,
  evidenceOf,
  HistoryRecorder,
  type SeededRandom,
  type Violation,
} from "@parley/testing";
import { within } from "./deadline.ts";
import { Device } from "./device.ts";
import { askAgain, readBack, recordStanding } from "./read-back.ts";
import { type Person, summary, World } from "./world.ts";
import { postLikeABot, type Traffic, untilStopped, writeWith } from "./writers.ts";

const answersDeadlineMs = 120_000;
/** What is promised is 5 s; machines are noisy. */
export const headDeadlineMs = 15_000;
const earlierLogEvery = 3;
const askedAgain = 300;

export interface KillFigures {
  readonly kills: number;
  readonly acknowledged: number;
  readonly events: number;
  readonly askedAgain: number;
  /** Changes without a final answer at the moment of each kill. */
  readonly openAtKills: readonly number[];
  /** Changes without a final answer when all is over: every outcome that was unknown has to become known. */
  readonly openAtEnd: number;
  /** Tries that were put off, most of them because the kill left their outcome unknown. */
  readonly retried: number;
  /** Of these, changes that turned out to have been applied before the kill. */
  readonly replayed: number;
  /** Times that a device was given a state instead of the events it missed. */
  readonly resets: number;
  /** From each kill to the next `ready`. */
  readonly restartMs: readonly number[];
  /** From each `ready` to the first answer. */
  readonly firstAnswerMs: readonly number[];
  /** From the end of all traffic to everyone at the head. */
  readonly settledMs: number;
}

/** The same for both lengths: lines for people to read. */
export function killFigures({ figures, evidence }: Awaited<ReturnType<typeof runKills>>): readonly string[] {
  const { acknowledged, events, openAtKills, retried, replayed, askedAgain: again, settledMs } = figures;
  return [
    `${acknowledged} acknowledged, ${events} events; ${Math.min(...openAtKills)} to ${Math.max(...openAtKills)} open at a kill, ${retried} tried again, of them ${replayed} applied before`,
    `${again} asked again; ready ${summary(figures.restartMs)}, first answer ${summary(figures.firstAnswerMs)}, all at the head after ${settledMs.toFixed(0)} ms`,
    `checked on ${JSON.stringify(evidence)}`,
  ];
}

/** Counts answers, and lets one wait for so many more of them. */
class AnswerCounter implements Traffic {
  stopped = false;
  count = 0;
  #waiting: { readonly until: number; readonly done: () => void } | undefined;

  answered(): void {
    this.count += 1;
    if (this.#waiting !== undefined && this.count >= this.#waiting.until) {
      this.#waiting.done();
      this.#waiting = undefined;
    }
  }

  more(answers: number): Promise<void> {
    return new Promise((done) => {
      this.#waiting = { until: this.count + answers, done };
    });
  }
}

/**
 * Three users on four devices and a bot write in three rooms while the server is killed `kills` times, each at a random
 * moment; then everything is read back, asked again and checked.
 */
export async function runKills(
  kills: number,
  random: SeededRandom,
): Promise<{
  readonly violations: readonly Violation[];
  readonly evidence: Evidence;
  readonly figures: KillFigures;
}> {
  await using world = await World.start();
  const [ada, bob, cy, robot] = (await world.people("Ada", "Bob", "Cy", "Robot")) as [
    Person,
    Person,
    Person,
    Person,
  ];
  const rooms: RoomId[] = [];
  for (let index = 0; index < 3; index += 1) rooms.push(await world.room(ada, bob, cy, robot));
  const recorder = new HistoryRecorder();
  await using stack = new AsyncDisposableStack();
  const devices = (
    [
      ["ada-phone", ada],
      ["ada-laptop", ada],
      ["bob-phone", bob],
      ["cy-phone", cy],
    ] as const
  ).map(([name, person]) => stack.use(new Device({ name, url: world.url, person, recorder })));
  await Promise.all(devices.map((device) => device.open(rooms)));
  const traffic = new AnswerCounter();
  const bot = { person: robot, url: world.url, room: random.pick(rooms), recorder };
  const writers = [
    ...devices.map((device) => writeWith(device, rooms, { random: random.fork(), traffic })),
    postLikeABot(bot, { random: random.fork(), traffic }),
  ];
  const written = untilStopped(writers, traffic, stack);
  const killed = await killRepeatedly({ world, traffic, recorder, reader: ada, rooms }, kills, random);
  traffic.stopped = true;
  const startedMs = performance.now();
  await within(answersDeadlineMs, "an answer to every change", written);
  const settledMs = await settle({ devices, recorder, reader: ada, rooms }, startedMs);
  const again = await replay(world, [ada, bob, cy, robot], { recorder, random });
  const history = recorder.finish(await readBack(ada, rooms, killed.earlierLogs));
  const stats = devices.map((device) => device.client.stats());
  return {
    violations: checkHistory(history),
    evidence: evidenceOf(history),
    figures: {
      kills,
      acknowledged: recorder.acknowledgedCount,
      events: history.rooms.reduce((sum, { log }) => sum + log.length, 0),
      askedAgain: again,
      openAtKills: killed.openAtKills,
      openAtEnd: recorder.unanswered.length,
      retried: stats.reduce((sum, { commandsRetried }) => sum + commandsRetried, 0),
      replayed: devices.reduce((sum, { replayed }) => sum + replayed, 0),
      resets: stats.reduce((sum, { resets }) => sum + resets, 0),
      restartMs: killed.restartMs,
      firstAnswerMs: killed.firstAnswerMs,
      settledMs,
    },
  };
}

interface Stage {
  readonly world: World;
  readonly reader: Person;
  readonly rooms: readonly RoomId[];
}

async function killRepeatedly(
  {
    world,
    traffic,
    recorder,
    reader,
    rooms,
  }: Stage & { readonly traffic: AnswerCounter; readonly recorder: HistoryRecorder },
  kills: number,
  random: SeededRandom,
) {
  const restartMs: number[] = [];
  const firstAnswerMs: number[] = [];
  const openAtKills: number[] = [];
  const earlierLogs = new Map<RoomId, (readonly RoomEvent[])[]>();
  for (let kill = 0; kill < kills; kill += 1) {
    await within(answersDeadlineMs, "an answer under load", traffic.more(random.between(1, 150)));
    // The moment itself: anywhere inside whatever the server does then.
    await pause(random.next() * 20);
    openAtKills.push(recorder.unanswered.length);
    restartMs.push(await world.killAndRestart());
    const readyMs = performance.now();
    await within(answersDeadlineMs, "an answer after a restart", traffic.more(1));
    firstAnswerMs.push(performance.now() - readyMs);
    if (kill % earlierLogEvery !== 0) continue;
    for (const room of rooms) {
      const { events } = await reader.rest.log(room);
      earlierLogs.set(room, [...(earlierLogs.get(room) ?? []), events]);
    }
  }
  return { restartMs, firstAnswerMs, openAtKills, earlierLogs };
}

/** Everyone at the head without further traffic, then the unread counts of all devices. Says how long the first took. */
export async function settle(
  {
    reader,
    rooms,
    devices,
    recorder,
  }: Omit<Stage, "world"> & { readonly devices: readonly Device[]; readonly recorder: HistoryRecorder },
  startedMs: number,
): Promise<number> {
  const heads = new Map<RoomId, number>();
  for (const room of rooms) heads.set(room, (await reader.rest.events(room, 0, 1)).head);
  const everyone = devices.flatMap((device) => [...heads].map(([room, head]) => device.reaches(room, head)));
  // Who does not get there is named by the checker.
  await within(headDeadlineMs, "everyone at the head", Promise.all(everyone)).catch(() => undefined);
  const settledMs = performance.now() - startedMs;
  await Promise.all(devices.map((device) => device.client.flush({ timeoutMs: headDeadlineMs })));
  await Promise.all(devices.map((device) => device.recordUnread(heads)));
  const people = new Set(devices.map(({ person }) => person));
  await Promise.all([...people].map((person) => recordStanding(person, heads, recorder)));
  return settledMs;
}

/** Asks some of everyone's changes again: after all these kills their first answers must still be given. */
async function replay(
  world: World,
  people: readonly Person[],
  { recorder, random }: { readonly recorder: HistoryRecorder; readonly random: SeededRandom },
): Promise<number> {
  let count = 0;
  for (const person of people) {
    const own = recorder.invocations.filter(({ author }) => author === person.userId);
    const share = Math.min(1, askedAgain / people.length / Math.max(1, own.length));
    using peer = await world.peer(person);
    count += await askAgain(
      peer,
      own.filter(() => random.chance(share)),
      recorder,
    );
  }
  return count;
}
