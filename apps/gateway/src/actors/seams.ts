import type { Identity } from "@parley/auth";
import type { Cursor, MarkView, Notice, RoomId, UserId, WireError } from "@parley/protocol";

/** Who has lost access, as this node knows it by now. */
export interface Revocations {
  isRevoked(identity: Identity): boolean;
  /** Resolves when the revocation is stored; with the reason when it could not be. */
  revoke(subject: "user" | "session" | "token", id: string): Promise<WireError | undefined>;
}

/** Ephemeral news for users and rooms, on every node. May be lost; nothing whose loss matters rides on it alone. */
export interface Notifier {
  notify(users: readonly UserId[], notice: Notice): void;
  /** To every session of `users`. */
  marks(users: readonly UserId[], marks: readonly MarkView[]): void;
  /** To every session that has joined `room`, except the user's whose mark it is: they are told by `marks`. */
  roomMarks(room: RoomId, mark: MarkView): void;
}

/** The newest place of each room that this node has delivered: what a read must not answer below. */
export interface SeenCursors {
  cursor(room: RoomId): Cursor | undefined;
}
