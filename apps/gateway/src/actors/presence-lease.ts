import type { Clock } from "@parley/bus";
import type { NodeId, PresenceStatus, UserId } from "@parley/protocol";
import type { Assertion, Lease, Roster } from "@parley/roster";

/** What happens to a gateway's presence, for log lines and counters. */
export type PresenceReport =
  /** `users` are now asserted anew. */
  | { readonly kind: "lease_opened"; readonly users: number }
  | { readonly kind: "lease_lost" }
  | {
      readonly kind: "failed";
      readonly doing: "lease" | "feed" | "refresh" | "close";
      readonly error: unknown;
    };

export interface PresenceLeaseOptions {
  readonly roster: Roster;
  readonly gateway: NodeId;
  readonly clock: Clock;
  readonly report: (report: PresenceReport) => void;
}

interface LocalUser {
  sockets: number;
  status: PresenceStatus | undefined;
  text: string | undefined;
}

export const renewMs = 5_000;
export const reassertMs = 60_000;
const assertionsMax = 500;

/**
 * This gateway's lease in the roster: says who has sockets here, and goes on saying it.
 *
 * Renewed every 5 s; everything is said again every 60 s and under every new lease. After any failure the lease counts
 * as lost and a new one is opened at the next renewal, which voids whatever the roster had of the old one. So nothing
 * has to be remembered of users who left meanwhile: all it holds is bounded by the sockets of this node. One request is
 * under way at a time; what changes meanwhile goes together in the next.
 */
export class PresenceLease implements AsyncDisposable {
  readonly #options: PresenceLeaseOptions;
  readonly #users = new Map<UserId, LocalUser>();
  /** Users of whom the roster has not yet heard the newest. */
  readonly #unsaid = new Set<UserId>();
  #lease: Lease | undefined;
  #openDue = false;
  #renewDue = false;
  #beats = 0;
  #working: Promise<void> | undefined;
  #closed = false;
  #cancelBeat = () => {};

  constructor(options: PresenceLeaseOptions) {
    this.#options = options;
  }

  /** Resolves when the first attempt at a lease is over; without success the renewals try again. */
  async start(): Promise<void> {
    this.#openDue = true;
    this.#scheduleBeat();
    this.#wake();
    await this.#working;
  }

  connected(user: UserId): void {
    const local = this.#users.get(user) ?? { sockets: 0, status: undefined, text: undefined };
    local.sockets += 1;
    this.#users.set(user, local);
    if (local.sockets === 1) this.#say(user);
  }

  disconnected(user: UserId): void {
    const local = this.#users.get(user);
    if (local === undefined || local.sockets === 0) return;
    local.sockets -= 1;
    if (local.sockets > 0) return;
    local.status = undefined;
    local.text = undefined;
    if (this.#lease === undefined) this.#users.delete(user);
    else this.#say(user);
  }

  /** Holds until the user's last socket here is gone; without a socket here it says nothing. */
  setStatus(user: UserId, status: PresenceStatus, text: string | undefined): void {
    const local = this.#users.get(user);
    if (local === undefined || local.sockets === 0) return;
    local.status = status;
    local.text = text;
    this.#say(user);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelBeat();
    await this.#working;
    const { roster, report } = this.#options;
    try {
      if (this.#lease !== undefined) await roster.close(this.#lease);
    } catch (error) {
      report({ kind: "failed", doing: "close", error });
    }
  }

  #say(user: UserId): void {
    this.#unsaid.add(user);
    this.#wake();
  }

  #scheduleBeat(): void {
    this.#cancelBeat = this.#options.clock.after(renewMs, () => {
      this.#beats += 1;
      this.#renewDue = true;
      this.#openDue = true;
      if (this.#beats % (reassertMs / renewMs) === 0) this.#unsayAll();
      this.#scheduleBeat();
      this.#wake();
    });
  }

  #wake(): void {
    if (this.#working !== undefined || this.#closed) return;
    this.#working = this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  async #work(): Promise<void> {
    try {
      while (!this.#closed && (await this.#step()) === "more");
    } catch (error) {
      this.#options.report({ kind: "failed", doing: "lease", error });
      this.#drop();
    }
  }

  /** The most urgent thing there is to do; a new lease is opened at once when one was lost, else with the beat. */
  async #step(): Promise<"more" | "idle"> {
    if (this.#lease === undefined) return this.#openDue ? this.#open() : "idle";
    if (this.#renewDue) {
      this.#renewDue = false;
      if ((await this.#options.roster.renew(this.#lease)) === "lost") this.#lost();
      return "more";
    }
    return this.#unsaid.size > 0 ? this.#assert(this.#lease) : "idle";
  }

  async #open(): Promise<"more"> {
    const { roster, gateway, report } = this.#options;
    this.#openDue = false;
    this.#lease = await roster.open(gateway);
    this.#renewDue = false;
    this.#unsayAll();
    report({ kind: "lease_opened", users: this.#users.size });
    return "more";
  }

  async #assert(lease: Lease): Promise<"more"> {
    const batch = [...this.#unsaid].slice(0, assertionsMax);
    const assertions = batch.flatMap((user) => this.#assertion(user));
    for (const user of batch) this.#unsaid.delete(user);
    if ((await this.#options.roster.assert(lease, assertions)) === "lost") {
      this.#lost();
      return "more";
    }
    for (const user of batch) {
      if (this.#users.get(user)?.sockets === 0 && !this.#unsaid.has(user)) this.#users.delete(user);
    }
    return "more";
  }

  #assertion(user: UserId): readonly Assertion[] {
    const local = this.#users.get(user);
    return local === undefined ? [] : [{ user, ...local }];
  }

  #lost(): void {
    this.#options.report({ kind: "lease_lost" });
    this.#drop();
    this.#openDue = true;
  }

  /** Without a lease the roster holds nothing of this gateway that the next lease does not void. */
  #drop(): void {
    this.#lease = undefined;
    this.#unsaid.clear();
  }

  #unsayAll(): void {
    for (const user of this.#users.keys()) this.#unsaid.add(user);
  }
}
