/**
 * What a closed client does next:
 * `resume`: come back at once with its cursors; `back-off`: come back after a jittered pause;
 * `stop`: do not come back with the same token.
 */
export type CloseClass = "resume" | "back-off" | "stop";

interface CloseRow {
  readonly class: CloseClass;
  readonly title: string;
}

const row = (closeClass: CloseClass, title: string): CloseRow => ({ class: closeClass, title });

/** Why the server ends or refuses a socket. Sent as `closing {code}` before the close, or as `connect_error` data. */
export const closeCatalogue = {
  drain: row("resume", "The node is going away; every session had its slot."),
  slow_consumer: row("resume", "The session did not read fast enough."),
  session_replaced: row("resume", "The session's id came back on another socket."),
  server_busy: row("back-off", "The node refuses work to protect what it has."),
  too_many_connections: row("back-off", "The node has its largest number of sockets."),
  connect_rate: row("back-off", "Too many sockets connect at once."),
  too_many_sessions: row("back-off", "The user has the largest number of sessions."),
  protocol_violation: row("back-off", "The peer sent what the protocol does not allow."),
  unauthorized: row("stop", "The token is not valid."),
  token_expired: row("stop", "The token has expired; connect with a fresh one."),
  token_revoked: row("stop", "The token, its session or its user was revoked."),
  origin_refused: row("stop", "Pages of this origin may not connect."),
} as const satisfies Record<string, CloseRow>;

export type CloseCode = keyof typeof closeCatalogue;
export const closeCodes = Object.keys(closeCatalogue) as readonly CloseCode[];
export const closeClass = (code: CloseCode): CloseClass => closeCatalogue[code].class;
