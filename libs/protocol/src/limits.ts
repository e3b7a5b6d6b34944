/** One named limit: what holds unless configured, and the most a deployment may set it to. */
export interface Limit {
  readonly default: number;
  readonly max: number;
  readonly unit: "bytes" | "ms" | "count" | "code points" | "per window";
  readonly doc: string;
}

const limit = (unit: Limit["unit"], [value, max]: readonly [number, number], doc: string): Limit => ({
  default: value,
  max,
  unit,
  doc,
});

const KiB = 1024;
const MiB = 1024 * KiB;

/** Every limit of the service. A deployment sets one by `PARLEY_LIMIT_<NAME_IN_CAPITALS>` between 1 and `max`. */
export const limitTable = {
  frameBytesMax: limit("bytes", [64 * KiB, 256 * KiB], "one frame from a client"),
  bodyBytesMax: limit("bytes", [64 * KiB, 256 * KiB], "one REST body"),
  textCodePointsMax: limit("code points", [8_000, 12_000], "a message's text"),
  metadataBytesMax: limit("bytes", [4 * KiB, 8 * KiB], "a message's metadata as JSON"),
  mentionsMax: limit("count", [50, 200], "users mentioned by one message"),
  eventBytesMax: limit("bytes", [56 * KiB, 60 * KiB], "one encoded event"),
  entryBytesMax: limit("bytes", [128 * KiB, 256 * KiB], "one stored entry"),
  batchEventsMax: limit("count", [64, 256], "events in one entry"),
  batchBytesMax: limit("bytes", [64 * KiB, 128 * KiB], "events in one entry, unless one alone is larger"),
  sessionRoomsMax: limit("count", [500, 2_000], "rooms open in one session"),
  joinRoomsMax: limit("count", [200, 500], "rooms in one join"),
  joinBytesMax: limit("bytes", [256 * KiB, MiB], "events in one join's answer"),
  sessionCommandsMax: limit("count", [32, 256], "commands of one session waiting"),
  commandDeadlineMs: limit("ms", [5_000, 30_000], "a command's answer"),
  userCommandsPerTenSeconds: limit("per window", [200, 100_000], "commands of one user in 10 s"),
  roomUserCommandsPerFiveSeconds: limit(
    "per window",
    [100, 100_000],
    "commands of one user in one room in 5 s",
  ),
  userReadsPerTenSeconds: limit("per window", [500, 100_000], "reads of one user in 10 s"),
  addressGuestsPerMinute: limit("per window", [300, 1_000_000], "guest tokens for one address in a minute"),
  pageItemsMax: limit("count", [200, 200], "items of one page"),
  pageBytesMax: limit("bytes", [256 * KiB, MiB], "items of one page of messages, unless one alone is larger"),
  catchUpEventsMax: limit("count", [1_000, 5_000], "events of one catch-up, then a reset"),
  resetMessagesMax: limit("count", [50, 200], "messages in a reset's state"),
  watchedUsersMax: limit("count", [500, 2_000], "users one session watches"),
  userSessionsMax: limit("count", [20, 200], "sessions of one user on one node"),
  connectionsMax: limit("count", [20_000, 500_000], "sockets of one node"),
  plainConnectionsMax: limit("count", [2_000, 100_000], "connections of one node that are no sockets (REST)"),
  connectsPerSecond: limit("per window", [500, 100_000], "sockets accepted in a second"),
  handshakesMax: limit("count", [200, 10_000], "sockets between accept and authentication"),
  handshakeMs: limit("ms", [5_000, 60_000], "from accept to authentication"),
  pingIntervalMs: limit("ms", [25_000, 120_000], "between heartbeats of a socket"),
  pingTimeoutMs: limit("ms", [20_000, 120_000], "for the answer to a heartbeat"),
  sessionLaggingBytes: limit("bytes", [256 * KiB, 4 * MiB], "queued for a socket before it is lagging"),
  sessionDeadBytes: limit("bytes", [MiB, 16 * MiB], "queued for a socket before it is closed"),
  sessionLaggingMs: limit("ms", [10_000, 120_000], "lagging before a socket is closed"),
  sessionFramesPerTenSeconds: limit("per window", [5_000, 1_000_000], "frames of one socket in 10 s"),
  eventLoopDelayMs: limit("ms", [500, 10_000], "event-loop delay above which new sockets are refused"),
  drainMs: limit("ms", [10_000, 600_000], "from the drain notice to the last close"),
  roomMembersMax: limit("count", [100_000, 1_000_000], "members of one room"),
  createMembersMax: limit("count", [50, 50], "members named when a room is created"),
  reactionKindsMax: limit("count", [20, 100], "different reactions on one message"),
  roomPinsMax: limit("count", [100, 500], "pins of one room"),
  roomNameCodePointsMax: limit("code points", [100, 200], "a room's name"),
  loadedRoomsMax: limit("count", [10_000, 1_000_000], "rooms one history instance holds"),
  roomQueueMax: limit("count", [512, 10_000], "commands waiting in one room"),
  tailBytesMax: limit("bytes", [64 * MiB, 1024 * MiB], "unarchived entries one history instance holds"),
  keyAheadMs: limit("ms", [120_000, 600_000], "a key's time ahead of the owner's clock"),
  repairMs: limit("ms", [2_000, 10_000], "a gateway's wait for the run that closes a hole"),
  unreadMax: limit("count", [100, 100], "unread messages that are counted"),
  typingMs: limit("ms", [6_000, 60_000], "a typing notice's life"),
  marksRoomMembersMax: limit(
    "count",
    [50, 500],
    "members of a room in which all see each other's read marks",
  ),
  presenceRoomMembersMax: limit(
    "count",
    [200, 2_000],
    "members of a room whose presence is listed one by one",
  ),
  ownerAsksMax: limit("count", [10_000, 1_000_000], "asks of one node that wait for an owner"),
  ownerAttemptMs: limit("ms", [1_500, 30_000], "for one owner's answer before the next is asked too"),
  presenceGraceMs: limit("ms", [25_000, 300_000], "from the last socket's end to offline"),
  presenceLeaseMs: limit("ms", [15_000, 120_000], "a silent node's presence leases"),
} as const satisfies Record<string, Limit>;

export type LimitName = keyof typeof limitTable;
export type Limits = Readonly<Record<LimitName, number>>;
export const limitNames = Object.keys(limitTable) as readonly LimitName[];

export const defaultLimits: Limits = Object.freeze(
  Object.fromEntries(limitNames.map((name) => [name, limitTable[name].default])) as Record<LimitName, number>,
);

/** `roomPinsMax` → `PARLEY_LIMIT_ROOM_PINS_MAX`. */
export const limitVariable = (name: LimitName): string =>
  `PARLEY_LIMIT_${name.replaceAll(/[A-Z]/gu, (letter) => `_${letter}`).toUpperCase()}`;
