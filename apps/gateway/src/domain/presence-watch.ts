import type { PresenceView, SessionId, UserId } from "@parley/protocol";

/** Which session watches which users. Bounded by `watchedUsersMax` users for each session. */
export class WatchLists {
  readonly #watchedUsersMax: number;
  readonly #usersOf = new Map<SessionId, Set<UserId>>();
  readonly #sessionsOf = new Map<UserId, Set<SessionId>>();

  constructor(watchedUsersMax: number) {
    this.#watchedUsersMax = watchedUsersMax;
  }

  /** Adds all of `users` and returns those that are new to the session, or adds none of them. */
  watch(session: SessionId, users: readonly UserId[]): readonly UserId[] | "too_many" {
    const watched = this.#usersOf.get(session) ?? new Set<UserId>();
    const added = [...new Set(users)].filter((user) => !watched.has(user));
    if (watched.size + added.length > this.#watchedUsersMax) return "too_many";
    for (const user of added) {
      watched.add(user);
      this.#sessionsOf.set(user, (this.#sessionsOf.get(user) ?? new Set()).add(session));
    }
    if (watched.size > 0) this.#usersOf.set(session, watched);
    return added;
  }

  /** Returns those whom no session watches any more. */
  unwatch(session: SessionId, users: Iterable<UserId>): readonly UserId[] {
    const watched = this.#usersOf.get(session);
    if (watched === undefined) return [];
    const removed = [...new Set(users)].filter((user) => watched.delete(user));
    if (watched.size === 0) this.#usersOf.delete(session);
    return removed.filter((user) => {
      const sessions = this.#sessionsOf.get(user);
      sessions?.delete(session);
      return sessions?.size === 0 && this.#sessionsOf.delete(user);
    });
  }

  /** The session is over. Returns those whom no session watches any more. */
  forget(session: SessionId): readonly UserId[] {
    return this.unwatch(session, [...(this.#usersOf.get(session) ?? [])]);
  }

  isWatched(user: UserId): boolean {
    return this.#sessionsOf.has(user);
  }

  sessionsOf(user: UserId): Iterable<SessionId> {
    return this.#sessionsOf.get(user) ?? [];
  }

  watchedUsers(): readonly UserId[] {
    return [...this.#sessionsOf.keys()];
  }
}

/** One session's share of what changed. */
export interface WatchBatch {
  readonly session: SessionId;
  readonly views: readonly PresenceView[];
}

/**
 * Changes of watched users that wait to be told, the newest of each user. Holds at most one view for each watched user.
 */
export class PendingChanges {
  readonly #watchLists: WatchLists;
  /** The newest version heard of each watched user. */
  readonly #heard = new Map<UserId, number>();
  readonly #pending = new Map<UserId, PresenceView>();

  constructor(watchLists: WatchLists) {
    this.#watchLists = watchLists;
  }

  get isEmpty(): boolean {
    return this.#pending.size === 0;
  }

  /** News from the feed: keeps what is newer than what was heard, of users that somebody watches. */
  hear(views: readonly PresenceView[]): void {
    for (const view of views) {
      if (!this.#watchLists.isWatched(view.user) || view.version <= this.#version(view.user)) continue;
      this.#heard.set(view.user, view.version);
      this.#pending.set(view.user, view);
    }
  }

  /**
   * The roster was asked. Of a user nobody had heard of, the asker alone waits for the answer; anything newer than what
   * was heard is news that the feed lost.
   */
  learn(views: readonly PresenceView[]): void {
    for (const view of views) {
      const known = this.#heard.has(view.user) || !this.#watchLists.isWatched(view.user);
      if (known) this.hear([view]);
      else this.#heard.set(view.user, view.version);
    }
  }

  /** What each watching session is to be told; nothing is pending afterwards. */
  drain(): readonly WatchBatch[] {
    const batches = new Map<SessionId, PresenceView[]>();
    for (const view of this.#pending.values()) {
      for (const session of this.#watchLists.sessionsOf(view.user)) {
        const views = batches.get(session);
        if (views === undefined) batches.set(session, [view]);
        else views.push(view);
      }
    }
    this.#pending.clear();
    return [...batches].map(([session, views]) => ({ session, views }));
  }

  /** Nobody watches these any more. */
  drop(users: readonly UserId[]): void {
    for (const user of users) {
      this.#heard.delete(user);
      this.#pending.delete(user);
    }
  }

  #version(user: UserId): number {
    return this.#heard.get(user) ?? -1;
  }
}
