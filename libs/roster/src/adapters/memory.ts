import { defaultLimits, type NodeId, type PresenceView, type UserId } from "@parley/protocol";
import type { Assertion, Lease, Roster, Sweep } from "../port.ts";
import {
  absent,
  graceOver,
  isChange,
  present,
  unknownUser,
  type UserPresence,
  viewOf,
} from "../presence-state.ts";

export interface MemoryRosterOptions {
  readonly nowMs?: () => number;
  /** How long a lease lives without a renewal. */
  readonly leaseMs?: number;
  /** From the last socket's end to offline. */
  readonly graceMs?: number;
  /** Users remembered after they went offline; beyond it the one who went first is forgotten, and so is `lastSeen`. */
  readonly offlineUsersMax?: number;
  /** Told of subscribers that threw, which is a bug. */
  readonly onFault?: (error: unknown) => void;
}

interface HeldLease {
  readonly generation: number;
  expiresMs: number;
  /** Users the gateway has said to be present. */
  readonly users: Set<UserId>;
}

type Handler = (changes: readonly PresenceView[]) => void;

const defaultOfflineUsersMax = 100_000;

/** The roster of one process. Changes reach subscribers before the call that made them resolves. */
export class MemoryRoster implements Roster {
  readonly #nowMs: () => number;
  readonly #leaseMs: number;
  readonly #graceMs: number;
  readonly #offlineUsersMax: number;
  readonly #onFault: (error: unknown) => void;
  readonly #leases = new Map<NodeId, HeldLease>();
  readonly #users = new Map<UserId, UserPresence>();
  readonly #inGrace = new Set<UserId>();
  /** In the order they went. */
  readonly #offline = new Set<UserId>();
  readonly #handlers = new Set<Handler>();
  #generation = 0;

  constructor(options: MemoryRosterOptions = {}) {
    this.#nowMs = options.nowMs ?? Date.now;
    this.#leaseMs = options.leaseMs ?? defaultLimits.presenceLeaseMs;
    this.#graceMs = options.graceMs ?? defaultLimits.presenceGraceMs;
    this.#offlineUsersMax = options.offlineUsersMax ?? defaultOfflineUsersMax;
    this.#onFault = options.onFault ?? (() => {});
  }

  async open(gateway: NodeId): Promise<Lease> {
    const nowMs = this.#nowMs();
    const former = this.#leases.get(gateway);
    // One row of generations for all gateways: a former life's is never used again, also when it is forgotten.
    this.#generation = Math.max(this.#generation + 1, nowMs);
    const generation = this.#generation;
    this.#leases.set(gateway, { generation, expiresMs: nowMs + this.#leaseMs, users: new Set() });
    this.#publish(this.#leave(gateway, former?.users ?? []));
    return { gateway, generation };
  }

  async renew(lease: Lease): Promise<"renewed" | "lost"> {
    const held = this.#current(lease);
    if (held === undefined) return "lost";
    held.expiresMs = this.#nowMs() + this.#leaseMs;
    return "renewed";
  }

  async assert(lease: Lease, assertions: readonly Assertion[]): Promise<"asserted" | "lost"> {
    const held = this.#current(lease);
    if (held === undefined) return "lost";
    this.#publish(assertions.flatMap((assertion) => this.#take(lease.gateway, held, assertion)));
    return "asserted";
  }

  async close(lease: Lease): Promise<void> {
    const held = this.#current(lease);
    if (held === undefined) return;
    this.#leases.delete(lease.gateway);
    this.#publish(this.#leave(lease.gateway, held.users));
  }

  async look(users: readonly UserId[]): Promise<readonly PresenceView[]> {
    return users.map((user) => viewOf(user, this.#users.get(user) ?? unknownUser));
  }

  async sweep(): Promise<Sweep> {
    const nowMs = this.#nowMs();
    const expired = [...this.#leases].filter(([, lease]) => lease.expiresMs <= nowMs);
    const changes = expired.flatMap(([gateway, { users }]) => {
      this.#leases.delete(gateway);
      return this.#leave(gateway, users);
    });
    const departures = [...this.#inGrace].flatMap((user) =>
      this.#step(user, (presence) => graceOver(presence, nowMs)),
    );
    this.#publish([...changes, ...departures]);
    return { leasesReaped: expired.length, wentOffline: departures.length };
  }

  async subscribe(handler: Handler): Promise<AsyncDisposable> {
    const own: Handler = (changes) => handler(changes);
    this.#handlers.add(own);
    return {
      [Symbol.asyncDispose]: async () => {
        this.#handlers.delete(own);
      },
    };
  }

  #current({ gateway, generation }: Lease): HeldLease | undefined {
    const held = this.#leases.get(gateway);
    const live = held?.generation === generation && held.expiresMs > this.#nowMs();
    return live ? held : undefined;
  }

  #take(gateway: NodeId, held: HeldLease, assertion: Assertion): readonly PresenceView[] {
    const { user, sockets, status, text } = assertion;
    const moment = this.#moment();
    if (sockets > 0) {
      held.users.add(user);
      return this.#step(user, (presence) => present(presence, { gateway, said: { status, text } }, moment));
    }
    held.users.delete(user);
    return this.#leave(gateway, [user]);
  }

  #leave(gateway: NodeId, users: Iterable<UserId>): readonly PresenceView[] {
    const moment = this.#moment();
    return [...users].flatMap((user) => this.#step(user, (presence) => absent(presence, gateway, moment)));
  }

  #moment() {
    return { nowMs: this.#nowMs(), graceMs: this.#graceMs };
  }

  /** Takes the user one step further; what others see of it, if anything. */
  #step(user: UserId, next: (presence: UserPresence) => UserPresence): readonly PresenceView[] {
    const before = this.#users.get(user) ?? unknownUser;
    const after = next(before);
    if (after === before) return [];
    this.#users.set(user, after);
    this.#file(user, after);
    return isChange(before, after) ? [viewOf(user, after)] : [];
  }

  #file(user: UserId, { said, graceEndsMs }: UserPresence): void {
    this.#inGrace.delete(user);
    this.#offline.delete(user);
    if (graceEndsMs !== undefined) this.#inGrace.add(user);
    else if (said.size === 0) this.#offline.add(user);
    for (const first of this.#offline) {
      if (this.#offline.size <= this.#offlineUsersMax) return;
      this.#offline.delete(first);
      this.#users.delete(first);
    }
  }

  #publish(changes: readonly PresenceView[]): void {
    if (changes.length === 0) return;
    for (const handler of this.#handlers) {
      try {
        handler(changes);
      } catch (error) {
        this.#onFault(error);
      }
    }
  }
}
