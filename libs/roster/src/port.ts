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
  readonly status: PresenceStatus;
  readonly text: string | undefined;
}

/**
 * Who is online, by leases of gateways. Soft state: whoever holds a lease can say everything again at any time.
 *
 * A user is online while any live lease asserts a socket of theirs. When the last one goes (asserted 0, lease closed or
 * expired), a grace begins that a new assertion cancels without a trace; only its end makes the user offline. Every
 * change that others may see raises the user's `version`. `invisible`: a user who sets `offline` looks offline.
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

  /** Current presence, in the order asked; unknown users are `offline` with version 0. */
  look(users: readonly UserId[]): Promise<readonly PresenceView[]>;

  /**
   * Reaps expired leases and ended graces, and publishes what became of them. Any number of instances may sweep at once:
   * each change is published once. Returns how many users went offline.
   */
  sweep(): Promise<number>;

  /** Changes as they happen, at most once each: a lost one is healed by `look`. Resolves when the feed is open. */
  subscribe(handler: (changes: readonly PresenceView[]) => void): Promise<AsyncDisposable>;
}
