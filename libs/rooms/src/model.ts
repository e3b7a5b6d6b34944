import type {
  Command,
  Limits,
  MemberRecord,
  MessageRecord,
  RoomEvent,
  RoomRecord,
  UserId,
  WireError,
} from "@parley/protocol";

/** What a rule needs to know beside the room's core. The owner fetches these before it decides. */
export interface FactNeeds {
  readonly members: readonly UserId[];
  readonly messages: readonly number[];
  /** Whether the author has reacted so. */
  readonly reaction: { readonly seq: number; readonly emoji: string } | undefined;
}

/** Facts as of the room's head. A member or message that is not there is known not to exist. */
export interface Facts {
  readonly members: ReadonlyMap<UserId, MemberRecord>;
  readonly messages: ReadonlyMap<number, MessageRecord>;
  /** Whether the author has reacted with the emoji that the command names. */
  readonly reacted: boolean;
  /** When the author last sent a message here, as far as slow mode must know; ms since 1970. */
  readonly lastSentMs: number | undefined;
  /** The owner's clock, ms since 1970. Decides slow mode, `ts` and clock skew; never order or idempotency. */
  readonly nowMs: number;
  readonly limits: Limits;
}

/**
 * `events`: what the command becomes. `noop`: it was already so. `refused`: a catalogue code; a final one is stored
 * with the room and is the answer to this key for ever, one of class `keep` decides nothing.
 */
export type Decision =
  | { readonly kind: "events"; readonly events: readonly RoomEvent[] }
  | { readonly kind: "noop" }
  | { readonly kind: "refused"; readonly error: WireError };

export type Decide = (room: RoomRecord, command: Command, facts: Facts) => Decision;
export type Evolve = (room: RoomRecord, event: RoomEvent) => RoomRecord;
