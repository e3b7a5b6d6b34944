import type { CloseCode, SessionId, UserId } from "@parley/protocol";
import type { PresenceAgent } from "./presence-agent.ts";
import type { Revocation } from "./revocations.ts";
import type { RoomDirectory } from "./room-directory.ts";
import type { Session } from "./session.ts";

export interface SessionsParts {
  readonly userSessionsMax: number;
  readonly rooms: Pick<RoomDirectory, "get" | "used">;
  readonly presence: Pick<PresenceAgent, "connected" | "disconnected" | "forget">;
}

/** The sessions of this node. */
export class Sessions {
  readonly #parts: SessionsParts;
  readonly #byId = new Map<SessionId, Session>();
  readonly #byUser = new Map<UserId, Set<Session>>();

  constructor(parts: SessionsParts) {
    this.#parts = parts;
  }

  get count(): number {
    return this.#byId.size;
  }

  get(sessionId: SessionId): Session | undefined {
    return this.#byId.get(sessionId);
  }

  all(): readonly Session[] {
    return [...this.#byId.values()];
  }

  /** Whether one more socket of `userId` may come, which asks for `sessionId`: a session that comes back counts once. */
  hasRoom(userId: UserId, sessionId: SessionId | undefined): boolean {
    const sessions = this.#byUser.get(userId);
    if (sessions === undefined || sessions.size < this.#parts.userSessionsMax) return true;
    return sessionId !== undefined && this.#byId.get(sessionId)?.userId === userId;
  }

  /** Whether a socket of `userId` may be the session `sessionId`: it is nobody else's. */
  mayTake(userId: UserId, sessionId: SessionId): boolean {
    const holder = this.#byId.get(sessionId);
    return holder === undefined || holder.userId === userId;
  }

  /** Another socket that has been the same session is closed with `session_replaced`. */
  begin(session: Session): void {
    // Connected before the other is disconnected: the user was here all the time.
    this.#parts.presence.connected(session.userId);
    const replaced = this.#byId.get(session.sessionId);
    if (replaced !== undefined) {
      this.end(replaced);
      replaced.link.close("session_replaced");
    }
    this.#byId.set(session.sessionId, session);
    const sessions = this.#byUser.get(session.userId);
    if (sessions === undefined) this.#byUser.set(session.userId, new Set([session]));
    else sessions.add(session);
  }

  /** Takes all its seats and forgets it. Ending twice is ending once. */
  end(session: Session): void {
    if (this.#byId.get(session.sessionId) !== session) return;
    this.#byId.delete(session.sessionId);
    const sessions = this.#byUser.get(session.userId);
    sessions?.delete(session);
    if (sessions?.size === 0) this.#byUser.delete(session.userId);
    session.end();
    this.#leaveRooms(session);
    this.#parts.presence.forget(session.sessionId);
    this.#parts.presence.disconnected(session.userId);
  }

  /** Closes every session that the revocation concerns. */
  revoke({ subject, id, atMs }: Revocation): void {
    const concerned = this.#concerned(subject, id).filter(
      ({ identity }) => subject !== "user" || identity.issuedAtMs <= atMs,
    );
    for (const session of concerned) session.revoke();
  }

  closeAll(code: CloseCode): void {
    for (const session of this.all()) session.link.close(code);
  }

  #concerned(subject: Revocation["subject"], id: string): readonly Session[] {
    switch (subject) {
      case "user":
        return [...(this.#byUser.get(id as UserId) ?? [])];
      case "session": {
        const session = this.#byId.get(id as SessionId);
        return session === undefined ? [] : [session];
      }
      case "token":
        return this.all().filter(({ identity }) => identity.tokenId === id);
      default:
        return subject satisfies never;
    }
  }

  #leaveRooms(session: Session): void {
    for (const [room, seat] of session.rooms) {
      this.#parts.rooms.get(room)?.leave(seat);
      this.#parts.rooms.used(room);
    }
    session.rooms.clear();
  }
}
