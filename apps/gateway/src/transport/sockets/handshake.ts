import {
  ConnectAuthSchema,
  type ConnectRefusal,
  mustParse,
  parseSessionId,
  type SessionId,
  type UserId,
  validator,
} from "@parley/protocol";
import { randomUUID } from "node:crypto";
import type { Authenticator } from "../../actors/authenticator.ts";
import type { RevocationRoom } from "../../actors/revocations.ts";
import type { Sessions } from "../../actors/sessions.ts";
import type { Authenticated, IoSocket } from "./io-server.ts";

/** CONNECT packets on one connection; a client may try a second token, but not a thousand. */
const attemptsMax = 5;
const retryAfterMs = 2_000;
const connectAuth = validator(ConnectAuthSchema);

export interface HandshakeParts {
  readonly authenticator: Pick<Authenticator, "authenticate">;
  readonly revocations: Pick<RevocationRoom, "isSessionRevoked">;
  readonly sessions: Pick<Sessions, "hasRoom" | "mayTake">;
  readonly refused: (code: ConnectRefusal["code"]) => void;
}

type Outcome = { readonly let: Authenticated } | { readonly refusal: ConnectRefusal };

/** Why a socket is not let in; `data` reaches the client with `connect_error`. */
class ConnectRefusedError extends Error {
  override readonly name = "ConnectRefusedError";
  readonly data: ConnectRefusal;

  constructor(refusal: ConnectRefusal) {
    super(refusal.code);
    this.data = refusal;
  }
}

/** From the CONNECT packet to a known user: Socket.IO's middleware. */
export class Handshake {
  readonly #parts: HandshakeParts;
  readonly #attempts = new WeakMap<object, number>();
  /** Connections whose CONNECT is being decided, or was let in: one connection is one session. */
  readonly #taken = new WeakSet<object>();

  constructor(parts: HandshakeParts) {
    this.#parts = parts;
  }

  readonly middleware = (socket: IoSocket, next: (error?: Error) => void): void => {
    const { conn } = socket;
    const attempts = (this.#attempts.get(conn) ?? 0) + 1;
    this.#attempts.set(conn, attempts);
    if (attempts > attemptsMax || this.#taken.has(conn)) {
      next(new ConnectRefusedError({ code: "protocol_violation" }));
      conn.close();
      return;
    }
    this.#taken.add(conn);
    void this.#decide(socket, next);
  };

  async #decide(socket: IoSocket, next: (error?: Error) => void): Promise<void> {
    const outcome = await this.#outcome(socket.handshake.auth);
    if ("let" in outcome) {
      socket.data.authenticated = outcome.let;
      next();
    } else {
      this.#taken.delete(socket.conn);
      this.#parts.refused(outcome.refusal.code);
      next(new ConnectRefusedError(outcome.refusal));
    }
  }

  /** Never rejects. */
  async #outcome(auth: unknown): Promise<Outcome> {
    const checked = connectAuth(auth);
    if (!checked.ok) return { refusal: { code: "unauthorized" } };
    const authentication = await this.#parts.authenticator.authenticate(checked.value.token);
    if (!authentication.ok) {
      const { code } = authentication.error;
      return { refusal: code === "unavailable" ? { code, retryAfterMs } : { code } };
    }
    const { identity } = authentication;
    const sessionId = this.#sessionId(identity.userId, checked.value.session);
    if (this.#parts.revocations.isSessionRevoked(sessionId)) return { refusal: { code: "token_revoked" } };
    if (!this.#parts.sessions.hasRoom(identity.userId, sessionId)) {
      return { refusal: { code: "too_many_sessions", retryAfterMs } };
    }
    return { let: { identity, sessionId } };
  }

  /** The one asked for, unless it is somebody else's. */
  #sessionId(user: UserId, asked: SessionId | undefined): SessionId {
    if (asked !== undefined && this.#parts.sessions.mayTake(user, asked)) return asked;
    return mustParse(parseSessionId, randomUUID());
  }
}
