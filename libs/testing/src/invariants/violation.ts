import type { RoomId } from "@parley/protocol";

export type InvariantName =
  | "I1"
  | "I2"
  | "I3"
  | "I4"
  | "I5"
  | "I6"
  | "I7"
  | "I8"
  | "I9"
  | "I10"
  | "I11"
  | "I12"
  | "I13"
  | "I14";

/** A promise that was not kept, with what shows it. */
export interface Violation {
  readonly invariant: InvariantName;
  readonly room: RoomId;
  readonly detail: string;
}

/** What is wrong in one room, said as text. */
export const inRoom =
  (invariant: InvariantName, room: RoomId) =>
  (detail: string): Violation => ({ invariant, room, detail });
