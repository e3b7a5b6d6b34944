import {
  type Command,
  type ErrorCode,
  type EventKind,
  type MemberRecord,
  type MessageRecord,
  type RoomEventOf,
  type RoomRecord,
  wireError,
  type WireError,
  type WireErrorExtras,
} from "@parley/protocol";
import type { Facts } from "./model.ts";
import type { Standing } from "./permissions.ts";

/** An event before it has its place, its time and its author. */
export type Draft = {
  readonly [Kind in EventKind]: Omit<RoomEventOf<Kind>, "seq" | "n" | "ts" | "author" | "key">;
}[EventKind];

/** What one rule says of one command. A command becomes one event at most. */
export type Ruling =
  | { readonly kind: "change"; readonly draft: Draft }
  | { readonly kind: "noop" }
  | { readonly kind: "refused"; readonly error: WireError };

/** A command that its author may give in this room: what is left to judge are its arguments. */
export interface Case {
  readonly room: RoomRecord;
  readonly command: Command;
  readonly facts: Facts;
  /** What the author is in the room; only `member.join` is asked by an `outsider`. */
  readonly standing: Standing;
  /** The message that the command is about, when there is one that its author may address. */
  readonly target: MessageRecord | undefined;
  /** The user whom the command is about, as the room knows them. */
  readonly subject: MemberRecord | undefined;
}

export const noop: Ruling = { kind: "noop" };

export const change = (draft: Draft): Ruling => ({ kind: "change", draft });

export const refuse = (code: ErrorCode, message: string, extras?: WireErrorExtras): Ruling => ({
  kind: "refused",
  error: wireError(code, message, extras),
});
