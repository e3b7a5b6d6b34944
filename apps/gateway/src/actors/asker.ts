import type { Identity } from "@parley/auth";
import { isReservedRoom, type RoomId, type Scope, type WireError, wireError } from "@parley/protocol";

/** On whose behalf something is asked. */
export interface Asker {
  readonly identity: Identity;
  /** W3C Trace Context of the request, handed on to the owner. */
  readonly traceparent?: string;
}

/** `scope_missing` unless the asker's token covers `scope`. */
export function scopeFault({ identity }: Asker, scope: Scope): WireError | undefined {
  if (identity.scopes.has(scope)) return undefined;
  return wireError("scope_missing", `the token needs the scope ${scope}`, { detail: { scope } });
}

/** Rooms of the service's own do not exist for clients. */
export const reservedFault = (room: RoomId): WireError | undefined =>
  isReservedRoom(room) ? wireError("no_such_room") : undefined;
