import type { ClientPayload, Limits, PresenceView, UserId } from "@parley/protocol";
import { Emitter } from "./emitter.ts";
import { ask, type PatientOptions, type Request } from "./request.ts";

export interface PresenceEvents {
  readonly change: PresenceView;
}

/** Who of the watched users is online. Watches and one's own declared status outlive the connection. */
export class Presence {
  readonly events = new Emitter<PresenceEvents>();
  readonly #request: Request;
  readonly #patient: PatientOptions;
  readonly #watched = new Set<UserId>();
  readonly #views = new Map<UserId, PresenceView>();
  /** Users heard of on this connection: only there do versions compare. */
  readonly #heard = new Set<UserId>();
  #declared: ClientPayload<"presence.set"> | undefined;

  constructor(request: Request, patient: PatientOptions) {
    this.#request = request;
    this.#patient = patient;
  }

  /** The last known presence of a watched user; `undefined` while it is not known. */
  of(user: UserId): PresenceView | undefined {
    return this.#views.get(user);
  }

  /** Declares one's own status, now and after every reconnect. Rejects with `ParleyError`. */
  async set(status: ClientPayload<"presence.set">["status"], text?: string): Promise<void> {
    this.#declared = text === undefined ? { status } : { status, text };
    await ask([this.#request, "presence.set", this.#declared], this.#patient);
  }

  /** Watches `users` from now on. Rejects with `ParleyError` (`too_many_watched`); then none of them is watched. */
  async watch(users: readonly UserId[]): Promise<void> {
    const added = users.filter((user) => !this.#watched.has(user));
    if (added.length === 0) return;
    for (const user of added) this.#watched.add(user);
    try {
      await this.#watch(added);
    } catch (error) {
      this.#forget(added);
      throw error;
    }
  }

  async unwatch(users: readonly UserId[]): Promise<void> {
    const removed = users.filter((user) => this.#watched.has(user));
    if (removed.length === 0) return;
    this.#forget(removed);
    await ask([this.#request, "presence.unwatch", { users: removed }], this.#patient);
  }

  up(limits: Limits): void {
    this.#heard.clear();
    if (this.#declared !== undefined) void this.#request("presence.set", this.#declared);
    const users = [...this.#watched].slice(0, limits.watchedUsersMax);
    // Rejected, the views stay as they were: the next connection asks again.
    if (users.length > 0) void this.#watch(users).catch(() => undefined);
  }

  received(views: readonly PresenceView[]): void {
    for (const view of views) this.#take(view);
  }

  async #watch(users: readonly UserId[]): Promise<void> {
    const snapshot = await ask([this.#request, "presence.watch", { users: [...users] }], this.#patient);
    this.received(snapshot.users);
  }

  #take(view: PresenceView): void {
    const known = this.#views.get(view.user);
    if (!this.#watched.has(view.user)) return;
    if (known !== undefined && this.#heard.has(view.user) && known.version >= view.version) return;
    this.#heard.add(view.user);
    this.#views.set(view.user, view);
    if (known === undefined || known.version !== view.version || known.status !== view.status) {
      this.events.emit("change", view);
    }
  }

  #forget(users: readonly UserId[]): void {
    for (const user of users) {
      this.#watched.delete(user);
      this.#views.delete(user);
      this.#heard.delete(user);
    }
  }
}
