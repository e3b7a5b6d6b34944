import type { RoomId, UserId } from "@parley/protocol";

/** Sharded adapters take a name of this length for a socket's id. */
const socketIdLength = 20;

const channel = (kind: "r" | "u", id: string): string => {
  const name = `${kind}:${id}`;
  return name.length === socketIdLength ? `${name}:` : name;
};

/** The Socket.IO room of those who have `room` open: for what is ephemeral, never for entries. */
export const roomChannel = (room: RoomId): string => channel("r", room);
/** The Socket.IO room of a user's sessions. */
export const userChannel = (user: UserId): string => channel("u", user);
