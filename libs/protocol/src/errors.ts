import Type, { type Static } from "typebox";

/**
 * What a refusal means for the idempotency key:
 * `final`: this is the answer, the same key gets it for ever; `keep`: this is no answer yet, ask again with the same key.
 */
export type ErrorClass = "final" | "keep";

interface CatalogueRow {
  /** HTTP status of the same refusal over REST. */
  readonly status: number;
  readonly class: ErrorClass;
  readonly title: string;
}

const row = (status: number, errorClass: ErrorClass, title: string): CatalogueRow => ({
  status,
  class: errorClass,
  title,
});

/** Every error a client can see, on the socket and over REST. Documented in docs/errors.md, held equal by a test. */
export const errorCatalogue = {
  unknown: row(503, "keep", "The change may or may not have happened; ask again with the same key."),
  busy: row(503, "keep", "A bounded queue is full; nothing was attempted."),
  unavailable: row(503, "keep", "The service cannot do this now; nothing was decided."),
  not_attempted: row(409, "keep", "An earlier command of this session in this room awaits its retry."),
  in_progress: row(409, "keep", "A request with this key is being worked on."),
  rate_limited: row(429, "keep", "A rate limit is used up."),
  slow_mode: row(429, "keep", "The room's slow mode asks for a pause between messages."),
  clock_skew: row(409, "keep", "The key's time is too far ahead of the server's clock."),
  no_such_room: row(404, "keep", "No such room is known (yet)."),
  bad_request: row(400, "final", "The request does not have the documented shape."),
  too_large: row(413, "final", "The request, or a part of it, is over a size limit."),
  unsupported_media_type: row(415, "final", "The body's media type is not understood."),
  not_found: row(404, "final", "There is nothing at this address."),
  method_not_allowed: row(405, "final", "This address does not answer that method."),
  unauthorized: row(401, "final", "A valid token is needed."),
  token_expired: row(401, "final", "The token has expired."),
  token_revoked: row(401, "final", "The token, its session or its user was revoked."),
  scope_missing: row(403, "final", "The token's scopes do not cover this."),
  origin_refused: row(403, "final", "Pages of this origin may not connect."),
  guests_disabled: row(403, "final", "This deployment does not issue guest tokens."),
  forbidden: row(403, "final", "The member's role does not permit this."),
  not_member: row(403, "final", "Only members may do this."),
  banned: row(403, "final", "The user is banned from the room."),
  key_reused: row(422, "final", "The key was used before for something else."),
  no_such_message: row(404, "final", "The room has no such message."),
  no_such_user: row(404, "final", "No such user is known here."),
  no_such_token: row(404, "final", "No such token is known here."),
  message_deleted: row(410, "final", "The message was deleted."),
  version_mismatch: row(412, "final", "The message has another version than the one named."),
  archived: row(409, "final", "The room is archived."),
  kind_forbids: row(409, "final", "Rooms of this kind do not have this."),
  room_full: row(409, "final", "The room has its largest number of members."),
  last_owner: row(409, "final", "A room keeps at least one owner."),
  too_many_reactions: row(409, "final", "The message has its largest number of different reactions."),
  too_many_pins: row(409, "final", "The room has its largest number of pins."),
  too_many_rooms: row(409, "final", "The session has its largest number of rooms open."),
  too_many_watched: row(409, "final", "The session watches its largest number of users."),
  too_many_sessions: row(429, "final", "The user has the largest number of sessions."),
  not_joined: row(409, "final", "The session has not joined this room."),
  internal: row(500, "keep", "The service failed; it has been logged."),
} as const satisfies Record<string, CatalogueRow>;

export type ErrorCode = keyof typeof errorCatalogue;
export const errorCodes = Object.keys(errorCatalogue) as readonly ErrorCode[];

export const isFinal = (code: ErrorCode): boolean => errorCatalogue[code].class === "final";

const codeSchema = Type.Unsafe<ErrorCode>(Type.String({ enum: [...errorCodes] }));

export const WireErrorSchema = Type.Object(
  {
    code: codeSchema,
    message: Type.String({ description: "For people; carries the value that was refused, never a secret." }),
    retryAfterMs: Type.Optional(Type.Integer({ minimum: 0 })),
    detail: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  },
  { additionalProperties: false },
);
/** `{code, message, retryAfterMs?, detail?}`: the one shape of an error on the socket and inside the cluster. */
export type WireError = Static<typeof WireErrorSchema>;

export interface WireErrorExtras {
  readonly retryAfterMs?: number;
  readonly detail?: Record<string, unknown>;
}

/** A catalogue error; `message` defaults to the catalogue's title. */
export function wireError(code: ErrorCode, message?: string, extras: WireErrorExtras = {}): WireError {
  return { code, message: message ?? errorCatalogue[code].title, ...extras };
}

/** An error that travels as a catalogue error to whoever asked. */
export class ParleyError extends Error {
  override readonly name = "ParleyError";
  readonly wire: WireError;

  constructor(wire: WireError, options?: ErrorOptions) {
    super(wire.message, options);
    this.wire = wire;
  }

  get code(): ErrorCode {
    return this.wire.code;
  }

  get retryable(): boolean {
    return !isFinal(this.wire.code);
  }
}
