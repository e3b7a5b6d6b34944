import type { Identity } from "@parley/auth";
import type { Clock, Owners } from "@parley/bus";
import {
  type Cursor,
  type EventRun,
  type Limits,
  mustParse,
  parseKey,
  partitionOf,
  revocationRoom,
  type RoomEvent,
  type RoomEventOf,
  systemUser,
  uuidV7,
  type WireError,
} from "@parley/protocol";
import type { RoomFollower } from "./room-follower.ts";
import type { RoomFollowers } from "./room-followers.ts";
import type { Revocations } from "./seams.ts";

const pageEvents = 1_000;
const retryMs = 500;
const sweepEveryMs = 60_000;
/** After this no token that was alive at the revocation is: longer than any that is issued may live. */
const keptMs = 30 * 86_400_000;

export type RevokedSubject = "user" | "session" | "token";

/** A loss of access that this node has just learnt of. */
export interface Revocation {
  readonly subject: RevokedSubject;
  readonly id: string;
  readonly atMs: number;
}

export interface RevocationsParts {
  readonly owners: Pick<Owners, "ask">;
  readonly partitions: number;
  readonly followers: Pick<RoomFollowers, "follow" | "release">;
  readonly limits: Pick<Limits, "commandDeadlineMs">;
  readonly clock: Clock;
  readonly telemetry: { revocationsUnread(reason: string): void };
}

interface Dead {
  readonly atMs: number;
  readonly untilMs: number;
}

/**
 * Who has lost access: the events of one reserved room, which this node is in like any other, so replay, stream and repair
 * are those of rooms. A node that was away reads what it missed; a lost notice shows within a second by the pulse.
 */
export class RevocationRoom implements Revocations, Disposable {
  readonly #parts: RevocationsParts;
  readonly #dead: Readonly<Record<RevokedSubject, Map<string, Dead>>> = {
    user: new Map(),
    session: new Map(),
    token: new Map(),
  };
  readonly #listeners: ((revocation: Revocation) => void)[] = [];
  #follower: RoomFollower | undefined;
  #joined: Promise<void> | undefined;
  /** Until then a resync is only one more attempt that failed. */
  #isIn = false;
  #closed = false;
  #cancelSweep: () => void;
  #cancelRetry: (() => void) | undefined;

  constructor(parts: RevocationsParts) {
    this.#parts = parts;
    this.#cancelSweep = this.#scheduleSweep();
  }

  /** Resolves when all revocations so far are known and new ones will be. Tries until then. */
  join(): Promise<void> {
    this.#joined ??= this.#joinUntilIn();
    return this.#joined;
  }

  isRevoked({ userId, tokenId, issuedAtMs }: Identity): boolean {
    const user = this.#dead.user.get(userId);
    // A token made after its user's revocation is a new start.
    if (user !== undefined && issuedAtMs <= user.atMs) return true;
    return tokenId !== undefined && this.#dead.token.has(tokenId);
  }

  isSessionRevoked(sessionId: string): boolean {
    return this.#dead.session.has(sessionId);
  }

  /** `listener` is called for each revocation that is news to this node. */
  onRevoked(listener: (revocation: Revocation) => void): void {
    this.#listeners.push(listener);
  }

  async revoke(subject: RevokedSubject, id: string): Promise<WireError | undefined> {
    const { owners, partitions, limits, clock } = this.#parts;
    const nowMs = clock.nowMs();
    const command = {
      room: revocationRoom,
      author: systemUser,
      bot: false,
      key: mustParse(parseKey, uuidV7(nowMs)),
      action: { kind: "access.revoke", subject, id, until: new Date(nowMs + keptMs).toISOString() },
    } as const;
    const answer = await owners.ask(
      partitionOf(revocationRoom, partitions),
      { op: "command", ask: { command } },
      { deadlineMs: limits.commandDeadlineMs },
    );
    if (!answer.ok) return answer.error;
    return answer.body.decided ? undefined : answer.body.error;
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#cancelSweep();
    this.#cancelRetry?.();
    this.#leave();
  }

  async #joinUntilIn(): Promise<void> {
    while (!this.#closed) {
      const fault = await this.#tryJoin();
      if (this.#closed) break;
      if (fault === undefined) return;
      this.#parts.telemetry.revocationsUnread(fault);
      this.#leave();
      await this.#pause();
    }
    this.#leave();
  }

  /** Why it did not succeed, if so. */
  async #tryJoin(): Promise<string | undefined> {
    try {
      const follower = await this.#parts.followers.follow(revocationRoom, {
        deliver: ({ control }) => this.#learn(control),
        resync: () => {
          if (this.#isIn) this.#rejoin();
        },
      });
      this.#follower = follower;
      const end = await this.#replay();
      if (typeof end === "string") return end;
      follower.start(end);
      this.#isIn = follower.following;
      return this.#isIn ? undefined : "the room's log was rebuilt";
    } catch (error) {
      return String(error);
    }
  }

  /** Reads the room from its beginning. Returns where it ended, or what failed. */
  async #replay(): Promise<Cursor | string> {
    let after = 0;
    for (;;) {
      const page = await this.#page(after);
      if (typeof page === "string") return page;
      this.#learn(page.events);
      after = page.events.at(-1)?.seq ?? after;
      if (after >= page.head) return { epoch: page.epoch, seq: page.head };
      if (page.events.length === 0) return "the room could not be read to its head";
    }
  }

  async #page(after: number): Promise<EventRun | string> {
    const { owners, partitions, limits } = this.#parts;
    const answer = await owners.ask(
      partitionOf(revocationRoom, partitions),
      { op: "run", ask: { room: revocationRoom, after, limit: pageEvents } },
      { deadlineMs: limits.commandDeadlineMs },
    );
    return answer.ok ? answer.body : answer.error.message;
  }

  #rejoin(): void {
    this.#leave();
    if (this.#closed) return;
    this.#joined = this.#pause().then(() => this.#joinUntilIn());
  }

  #leave(): void {
    this.#isIn = false;
    const follower = this.#follower;
    this.#follower = undefined;
    if (follower !== undefined) this.#parts.followers.release(follower);
  }

  #pause(): Promise<void> {
    return new Promise((done) => {
      this.#cancelRetry = this.#parts.clock.after(retryMs, done);
    });
  }

  #learn(events: readonly RoomEvent[]): void {
    for (const event of events) if (event.kind === "access.revoked") this.#learnOne(event);
  }

  #learnOne({ subject, id, ts, until }: RoomEventOf<"access.revoked">): void {
    const untilMs = Date.parse(until);
    const atMs = Date.parse(ts);
    const known = this.#dead[subject].get(id);
    if (untilMs <= this.#parts.clock.nowMs() || (known !== undefined && known.atMs >= atMs)) return;
    this.#dead[subject].set(id, { atMs, untilMs });
    for (const listener of this.#listeners) listener({ subject, id, atMs });
  }

  #scheduleSweep(): () => void {
    return this.#parts.clock.after(sweepEveryMs, () => {
      const nowMs = this.#parts.clock.nowMs();
      for (const dead of Object.values(this.#dead)) {
        for (const [id, { untilMs }] of dead) if (untilMs <= nowMs) dead.delete(id);
      }
      this.#cancelSweep = this.#scheduleSweep();
    });
  }
}
