import { type Clock, systemClock } from "@parley/bus";
import {
  type NodeId,
  ParleyError,
  type PresenceStatus,
  type PresenceView,
  type SessionId,
  type UserId,
  wireError,
} from "@parley/protocol";
import type { Roster } from "@parley/roster";
import { PendingChanges, WatchLists } from "../domain/presence-watch.ts";
import { PresenceLease, type PresenceReport, reassertMs, renewMs } from "./presence-lease.ts";

export interface PresenceAgentOptions {
  readonly roster: Roster;
  readonly gateway: NodeId;
  readonly watchedUsersMax: number;
  readonly clock?: Clock;
  readonly report?: (report: PresenceReport) => void;
}

/** What a session is told of the users it watches: each user once, the newest view. */
export type BatchHandler = (session: SessionId, views: readonly PresenceView[]) => void;

const coalesceMs = 1_000;
const lookMax = 500;

/**
 * Presence at one gateway: says to the roster who is here, and tells its sessions of the users they watch.
 *
 * Changes are gathered for a second, so a watching session gets at most one batch a second. The feed of changes may lose
 * some; all watched users are looked up again every minute, and what was missed is told then. While the roster is out of
 * reach, `watch` is refused as `unavailable` and everything else is made up for afterwards.
 */
export class PresenceAgent implements AsyncDisposable {
  readonly #roster: Roster;
  readonly #clock: Clock;
  readonly #report: (report: PresenceReport) => void;
  readonly #lease: PresenceLease;
  readonly #watchLists: WatchLists;
  readonly #changes: PendingChanges;
  #handler: BatchHandler = () => {};
  #feed: AsyncDisposable | undefined;
  #beats = 0;
  #tending: Promise<void> = Promise.resolve();
  #isTending = false;
  #cancelBeat = () => {};
  #cancelBatch: (() => void) | undefined;

  constructor(options: PresenceAgentOptions) {
    const { roster, gateway, clock = systemClock, report = () => {} } = options;
    this.#roster = roster;
    this.#clock = clock;
    this.#report = report;
    this.#lease = new PresenceLease({ roster, gateway, clock, report });
    this.#watchLists = new WatchLists(options.watchedUsersMax);
    this.#changes = new PendingChanges(this.#watchLists);
  }

  /** Never fails: what the roster refuses now is tried again every few seconds. */
  async start(): Promise<void> {
    this.#scheduleBeat();
    this.#tend();
    await Promise.all([this.#lease.start(), this.#tending]);
  }

  /** A socket of `user` is there. */
  connected(user: UserId): void {
    this.#lease.connected(user);
  }

  /** A socket of `user` is gone. Others see it after the grace, if no other comes. */
  disconnected(user: UserId): void {
    this.#lease.disconnected(user);
  }

  setStatus(user: UserId, status: PresenceStatus, text: string | undefined): void {
    this.#lease.setStatus(user, status, text);
  }

  /**
   * Adds `users` to what the session watches and returns how they are now; all later changes come in batches. Rejects
   * with `ParleyError` `too_many_watched` or `unavailable`, and then nothing was added.
   */
  async watch(session: SessionId, users: readonly UserId[]): Promise<readonly PresenceView[]> {
    const added = this.#watchLists.watch(session, users);
    if (added === "too_many") throw new ParleyError(wireError("too_many_watched"));
    try {
      const views = await this.#roster.look(users);
      this.#learn(views);
      return views;
    } catch (cause) {
      this.unwatch(session, added);
      throw new ParleyError(wireError("unavailable", "presence is not known now"), { cause });
    }
  }

  unwatch(session: SessionId, users: readonly UserId[]): void {
    this.#changes.drop(this.#watchLists.unwatch(session, users));
  }

  /** The session is over. */
  forget(session: SessionId): void {
    this.#changes.drop(this.#watchLists.forget(session));
  }

  /** The one handler of batches. */
  onBatch(handler: BatchHandler): void {
    this.#handler = handler;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#cancelBeat();
    this.#cancelBatch?.();
    await this.#tending;
    try {
      await this.#feed?.[Symbol.asyncDispose]();
    } catch (error) {
      this.#report({ kind: "failed", doing: "close", error });
    }
    await this.#lease[Symbol.asyncDispose]();
  }

  #scheduleBeat(): void {
    this.#cancelBeat = this.#clock.after(renewMs, () => {
      this.#beats += 1;
      this.#scheduleBeat();
      this.#tend();
    });
  }

  #tend(): void {
    if (this.#isTending) return;
    this.#isTending = true;
    this.#tending = this.#tendOnce().finally(() => {
      this.#isTending = false;
    });
  }

  async #tendOnce(): Promise<void> {
    const refreshDue = this.#beats > 0 && this.#beats % (reassertMs / renewMs) === 0;
    const opens = this.#feed === undefined;
    await this.#attempt("feed", async () => {
      this.#feed ??= await this.#roster.subscribe((views) => this.#hear(views));
    });
    // A feed that opens late has missed what happened before.
    if (refreshDue || (opens && this.#feed !== undefined)) {
      await this.#attempt("refresh", async () => this.#refresh());
    }
  }

  async #refresh(): Promise<void> {
    const users = this.#watchLists.watchedUsers();
    for (let from = 0; from < users.length; from += lookMax) {
      this.#learn(await this.#roster.look(users.slice(from, from + lookMax)));
    }
  }

  async #attempt(doing: "feed" | "refresh", action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.#report({ kind: "failed", doing, error });
    }
  }

  #hear(views: readonly PresenceView[]): void {
    this.#changes.hear(views);
    this.#armBatch();
  }

  #learn(views: readonly PresenceView[]): void {
    this.#changes.learn(views);
    this.#armBatch();
  }

  #armBatch(): void {
    if (this.#changes.isEmpty) return;
    this.#cancelBatch ??= this.#clock.after(coalesceMs, () => {
      this.#cancelBatch = undefined;
      for (const { session, views } of this.#changes.drain()) this.#handler(session, views);
    });
  }
}
