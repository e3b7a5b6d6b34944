import type { ServerProcess } from "@parley/testing";
import { runLoad } from "./load-run.ts";
import { type FanoutTask, median, type ServerKind } from "./load-task.ts";

export interface CompareOptions {
  readonly servers: Readonly<Record<ServerKind, ServerProcess>>;
  readonly room: string;
  readonly tokens: readonly string[];
  readonly messagesPerTick: number;
  readonly rounds: number;
  readonly windowMs: number;
}

export interface FanoutRound {
  readonly server: ServerKind;
  readonly delivered: number;
  readonly missing: number;
  readonly outOfOrder: number;
  readonly cpuMicrosPerDelivery: number;
  readonly userMicrosPerDelivery: number;
  readonly instructionsPerDelivery: number | undefined;
  readonly ackP50Ms: number;
  readonly ackP99Ms: number;
}

export interface Comparison {
  readonly messagesPerTick: number;
  readonly members: number;
  readonly rounds: readonly FanoutRound[];
  readonly medianCpuMicros: Readonly<Record<ServerKind, number>>;
  readonly medianUserMicros: Readonly<Record<ServerKind, number>>;
  readonly medianInstructions: Readonly<Record<ServerKind, number>> | undefined;
  /** Stock's work for one delivery over ours, the median of the rounds' own ratios; above 1 ours does less. */
  readonly medianRatio: number;
}

/** Messages a second, about the same for each shape of tick, so that neither server is near its end. */
const ticksPerSecond = (messagesPerTick: number): number => (messagesPerTick === 1 ? 30 : 8);
const textBytes = 200;
const warmUpMs = 1_500;

/** Rounds in turn, ours then stock's, so that a machine that gets slower or faster does so for both. */
export async function compareFanout(options: CompareOptions): Promise<Comparison> {
  const rounds: FanoutRound[] = [];
  for (let round = 0; round < options.rounds; round += 1) {
    for (const server of ["parley", "stock"] as const) {
      rounds.push(await oneRound(server, options));
      console.log(`  ${JSON.stringify(rounds.at(-1))}`);
    }
  }
  return summary(rounds, options);
}

async function oneRound(server: ServerKind, options: CompareOptions): Promise<FanoutRound> {
  const task: FanoutTask = {
    kind: "fanout",
    server,
    url: options.servers[server].url,
    room: options.room,
    tokens: options.tokens,
    textBytes,
    messagesPerTick: options.messagesPerTick,
    ticksPerSecond: ticksPerSecond(options.messagesPerTick),
    warmUpMs,
    windowMs: options.windowMs,
  };
  const figures = await runLoad<"fanout">(task, options.servers[server]);
  const { delivered, cpu } = figures;
  return {
    server,
    delivered,
    missing: figures.sent * options.tokens.length - delivered,
    outOfOrder: figures.outOfOrder,
    cpuMicrosPerDelivery: (cpu.cpuSeconds * 1e6) / delivered,
    userMicrosPerDelivery: (cpu.userSeconds * 1e6) / delivered,
    instructionsPerDelivery: cpu.instructions === undefined ? undefined : cpu.instructions / delivered,
    ackP50Ms: figures.ackMs.p50,
    ackP99Ms: figures.ackMs.p99,
  };
}

function summary(rounds: readonly FanoutRound[], options: CompareOptions): Comparison {
  const of = (server: ServerKind) => rounds.filter((round) => round.server === server);
  const counted = rounds.every((round) => round.instructionsPerDelivery !== undefined);
  const work = (round: FanoutRound | undefined) =>
    (counted ? round?.instructionsPerDelivery : round?.cpuMicrosPerDelivery) ?? Number.NaN;
  const each = (value: (round: FanoutRound) => number) => ({
    parley: median(of("parley").map(value)),
    stock: median(of("stock").map(value)),
  });
  const [ours, theirs] = [of("parley"), of("stock")];
  return {
    messagesPerTick: options.messagesPerTick,
    members: options.tokens.length,
    rounds,
    medianCpuMicros: each((round) => round.cpuMicrosPerDelivery),
    medianUserMicros: each((round) => round.userMicrosPerDelivery),
    medianInstructions: counted ? each(work) : undefined,
    medianRatio: median(ours.map((round, index) => work(theirs[index]) / work(round))),
  };
}
