import type { NodeId, PresenceStatus, PresenceView, UserId } from "@parley/protocol";

/** One gateway's life as the roster knows it. A restarted gateway has a higher generation: what its former life said is void. */
export interface Lease {
  readonly gateway: NodeId;
  readonly generation: number;
}

/** What one gateway says of one user: absolute, so saying it twice is saying it once. `sockets` 0: none here. */
export interface Assertion {
  readonly user: UserId;
  readonly sockets: number;
  /** What the user's sockets here declared; `undefined`: nothing so far, as after every new connection. */
  readonly status: PresenceStatus | undefined;
  readonly text: string | undefined;
}

/** What one sweep did. */
export interface Sweep {
  readonly leasesReaped: number;
  /** Users whose going offline was published by this sweep. */
  readonly wentOffline: number;
}

/**
 * Who is online, by leases of gateways. Soft state: whoever holds a lease can say everything again at any time.
 *
 * A user is online while any live lease asserts a socket of theirs. When the last one goes (asserted 0, lease closed or
 * expired), a grace begins that a new assertion cancels without a trace; only its end makes the user offline. Every
 * change that others may see raises the user's `version`, which never goes back, also when the store lost everything.
 *
 * A user declares a status on some socket; where several gateways say different things the strongest is shown: `offline`
 * (the user wants to be invisible), then `busy`, `online`, `away`. What was declared is kept until the user is offline,
 * so a reconnect, which has declared nothing yet, changes nothing and shows nobody who was invisible.
 */
export interface Roster {
  /** Opens the gateway's lease under a new generation; an older generation's assertions count as gone (grace applies). */
  open(gateway: NodeId): Promise<Lease>;
  /** `lost`: the roster does not know the lease (it expired or the store was flushed): open anew and assert everything. */
  renew(lease: Lease): Promise<"renewed" | "lost">;
  /** Refused with `lost` when the lease is not the gateway's current one. */
  assert(lease: Lease, assertions: readonly Assertion[]): Promise<"asserted" | "lost">;
  /** An orderly end: the gateway's users fall into grace at once. */
  close(lease: Lease): Promise<void>;

  /**
   * Current presence, in the order asked; unknown users are `offline` with version 0. `lastSeen` is there for who is
   * offline: when their last socket went, or when they became invisible.
   */
  look(users: readonly UserId[]): Promise<readonly PresenceView[]>;

  /**
   * Reaps expired leases and ended graces, and publishes what became of them. Any number of instances may sweep at once:
   * each change is published once.
   */
  sweep(): Promise<Sweep>;

  /** Changes as they happen, at most once each: a lost one is healed by `look`. Resolves when the feed is open. */
  subscribe(handler: (changes: readonly PresenceView[]) => void): Promise<AsyncDisposable>;
}
