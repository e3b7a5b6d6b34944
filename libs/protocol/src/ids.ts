import Type from "typebox";

/** The one alphabet of every id on the wire: 1 to 64 of `A-Z a-z 0-9 _ -`. */
export const idPattern = "^[A-Za-z0-9_-]{1,64}$";
const idExpression = new RegExp(idPattern, "u");

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

export type RoomId = Branded<"room">;
export type UserId = Branded<"user">;
export type SessionId = Branded<"session">;
export type NodeId = Branded<"node">;
export type EntryId = Branded<"entry">;
/** An author's idempotency key: unique per (room, author), for as long as the message lives. */
export type Key = Branded<"key">;
export type TokenId = Branded<"token">;

const idSchema = <Id extends string>(description: string) =>
  Type.Unsafe<Id>(Type.String({ pattern: idPattern, description }));

export const RoomIdSchema = idSchema<RoomId>("A room's id.");
export const UserIdSchema = idSchema<UserId>("A user's or bot's id.");
export const SessionIdSchema = idSchema<SessionId>("One authenticated socket's life.");
export const KeySchema = idSchema<Key>("The author's idempotency key; a UUIDv7 is recommended.");
export const TokenIdSchema = idSchema<TokenId>("A token's id (`jti`, or a bot token's id).");

const parse = <Id extends string>(value: unknown): Id | undefined =>
  typeof value === "string" && idExpression.test(value) ? (value as Id) : undefined;

/** Each returns `undefined` when `value` is not an id. These parsers and the schemas are the only makers of ids. */
export const parseRoomId = (value: unknown): RoomId | undefined => parse<RoomId>(value);
export const parseUserId = (value: unknown): UserId | undefined => parse<UserId>(value);
export const parseSessionId = (value: unknown): SessionId | undefined => parse<SessionId>(value);
export const parseNodeId = (value: unknown): NodeId | undefined => parse<NodeId>(value);
export const parseEntryId = (value: unknown): EntryId | undefined => parse<EntryId>(value);
export const parseKey = (value: unknown): Key | undefined => parse<Key>(value);
export const parseTokenId = (value: unknown): TokenId | undefined => parse<TokenId>(value);

/** For ids written in code: throws `TypeError` when the literal is not an id. */
export function mustParse<Id extends string>(parser: (value: unknown) => Id | undefined, value: string): Id {
  const id = parser(value);
  if (id === undefined) throw new TypeError(`not an id: ${JSON.stringify(value)}`);
  return id;
}

/** Rooms whose id begins so belong to the service: no client may join, read or write them. */
export const reservedRoomPrefix = "s_";
/** The room whose events are revocations: every gateway is in it before it serves. */
export const revocationRoom: RoomId = mustParse(parseRoomId, "s_revocations");
/** The author of events that the service itself causes. */
export const systemUser: UserId = mustParse(parseUserId, "s_system");

export const isReservedRoom = (room: RoomId): boolean => room.startsWith(reservedRoomPrefix);

async function hashId(prefix: string, parts: readonly string[]): Promise<string> {
  const bytes = new TextEncoder().encode(parts.join("\n"));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const hex = Array.from(digest.subarray(0, 20), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${prefix}${hex}`;
}

/** The one room of two users, in either order: creating it twice is creating it once. */
export async function directRoomId(a: UserId, b: UserId): Promise<RoomId> {
  return mustParse(parseRoomId, await hashId("d_", a < b ? [a, b] : [b, a]));
}

/** The room that `creator` makes under `key`: a retried creation names the same room. */
export async function createdRoomId(creator: UserId, key: Key): Promise<RoomId> {
  return mustParse(parseRoomId, await hashId("r_", [creator, key]));
}
