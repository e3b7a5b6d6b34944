import type { Clock } from "@parley/bus";
import type { CommandTurns } from "../../actors/command-turns.ts";
import type { Session } from "../../actors/session.ts";
import { drainSlots, slices } from "../../domain/drain-slots.ts";
import type { UpgradeGate } from "./upgrade-gate.ts";

/** Sessions closed in one go, and the pause between two. */
const sliceSize = 200;
const slicePauseMs = 50;
/** Part of the drain in which clients leave by themselves, at their slots. */
const noticeShare = 0.75;

export interface DrainParts {
  readonly gate: UpgradeGate;
  readonly turns: Pick<CommandTurns, "closed" | "idle">;
  readonly sessions: { all(): readonly Session[] };
  readonly drainMs: number;
  readonly commandDeadlineMs: number;
  readonly clock: Clock;
}

/**
 * Sends every session away, each at its own time: nobody new comes in, clients are told their slots and go, then no new
 * command is taken, those in flight are finished, and whoever is still here is closed in slices.
 */
export async function drainSessions({
  gate,
  turns,
  sessions,
  drainMs,
  commandDeadlineMs,
  clock,
}: DrainParts): Promise<void> {
  gate.open = false;
  const present = sessions.all();
  const slots = drainSlots(present.length, drainMs);
  for (const [index, session] of present.entries()) {
    session.emit("drain", { afterMs: slots[index] ?? 0, reason: "the node is going away" });
  }
  await gone(sessions, clock, drainMs * noticeShare);
  turns.closed = true;
  await finished(turns, clock, commandDeadlineMs);
  for (const some of slices(sessions.all(), sliceSize)) {
    for (const session of some) session.link.close("drain");
    await pause(clock, slicePauseMs);
  }
}

const pause = (clock: Clock, ms: number): Promise<void> =>
  new Promise((done) => {
    clock.after(ms, done);
  });

/** Resolves when no command is in flight, at the latest after `withinMs`. */
async function finished(turns: DrainParts["turns"], clock: Clock, withinMs: number): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const cancel = clock.after(withinMs, resolve);
  await Promise.race([turns.idle(), late]);
  cancel();
}

/** Resolves when nobody is left, or after `withinMs`. */
async function gone(sessions: DrainParts["sessions"], clock: Clock, withinMs: number): Promise<void> {
  const endMs = clock.nowMs() + withinMs;
  while (sessions.all().length > 0 && clock.nowMs() < endMs) await pause(clock, Math.min(100, withinMs));
}
