import { Client } from "./client.ts";
import { type ClientLimits, defaultClientLimits } from "./client-limits.ts";
import { type Clock, systemClock } from "./clock.ts";
import { Cursors } from "./cursors.ts";
import { JoinQueue } from "./join-queue.ts";
import { type OpenLink, openSocketLink } from "./link.ts";
import { Outbox } from "./outbox.ts";
import { Presence } from "./presence.ts";
import { ReadMarks } from "./read-marks.ts";
import type { PatientOptions, Request } from "./request.ts";
import { Room } from "./room.ts";
import { Rooms } from "./rooms.ts";
import { ServerClock } from "./server-clock.ts";
import { Session } from "./session.ts";
import { type Counters, newCounters } from "./stats.ts";
import { type ClientStorage, MemoryStorage } from "./storage.ts";
import { StorageOwner } from "./storage-owner.ts";
import { Unread } from "./unread.ts";

export interface ClientOptions {
  /** Where the server is: `https://chat.example`. */
  readonly url: string;
  /** Fetches the user's token: at the first connection, before the one in use expires, and when it was refused. */
  readonly getToken: () => Promise<string>;
  /** Where cursors and unanswered commands are kept. Default: in memory, so they outlive connections only. */
  readonly storage?: ClientStorage;
  readonly limits?: Partial<ClientLimits>;
  /** When a hole that only a `head` showed is closed: at once (default), or by `room.catchUp()`. */
  readonly repair?: "at-once" | "on-demand";
  /** For tests: time and chance. */
  readonly clock?: Clock;
  /** For tests: another way to reach a server. */
  readonly openLink?: OpenLink;
  /** TEST ONLY: plants a fault, so that a checker can be seen to find it. */
  readonly faults?: { readonly skipRepair?: boolean };
}

/** A question that changes nothing is asked again for so long. */
const patienceMs = 10_000;

/** A client that is connected. Rejects with `StoppedError` when the server does not want it, or as the storage does. */
export async function connect(options: ClientOptions): Promise<Client> {
  const client = createClient(options);
  try {
    await client.connect();
  } catch (error) {
    await client.close();
    throw error;
  }
  return client;
}

/** A client that does nothing until `connect()`. Commands may be submitted at once; they leave when it is online. */
export function createClient(options: ClientOptions): Client {
  const base = baseOf(options);
  const { storage, owner, clock, limits, request, counters, session, patient, closing } = base;
  const cursors = new Cursors(storage, { clock, writeMs: limits.cursorWriteMs });
  const outbox = new Outbox({ request, storage, clock, serverClock: base.serverClock, limits, counters });
  const unread = unreadOf(base);
  const readMarks = new ReadMarks({
    request,
    clock,
    delayMs: limits.markReadMs,
    onMarked: (room, mark) => {
      unread.marked(room, mark);
    },
  });
  const rooms = roomsOf(base, { cursors, outbox, unread, readMarks });
  const presence = new Presence(request, patient);
  return new Client({
    session,
    rooms,
    outbox,
    presence,
    unread,
    readMarks,
    cursors,
    storage,
    owner,
    counters,
    clock,
    patient,
    closing,
    streamItemsMax: limits.streamItemsMax,
  });
}

/** What every part is given. */
interface Base {
  readonly options: ClientOptions;
  readonly clock: Clock;
  readonly storage: ClientStorage;
  readonly owner: StorageOwner;
  readonly limits: ClientLimits;
  readonly counters: Counters;
  readonly serverClock: ServerClock;
  readonly closing: AbortController;
  readonly session: Session;
  readonly request: Request;
  readonly patient: PatientOptions;
}

function baseOf(options: ClientOptions): Base {
  const { clock = systemClock, storage = new MemoryStorage() } = options;
  const limits = { ...defaultClientLimits, ...options.limits };
  const counters = newCounters();
  const serverClock = new ServerClock(clock);
  const closing = new AbortController();
  const owner = new StorageOwner(storage);
  const session = new Session({
    clock,
    serverClock,
    limits,
    counters,
    url: options.url,
    getToken: options.getToken,
    openLink: options.openLink ?? openSocketLink,
    admit: ({ userId }) => owner.admit(userId),
  });
  const { request } = session;
  const backOff = { baseMs: limits.backOffBaseMs, maxMs: limits.backOffMaxMs };
  const patient = { clock, backOff, patienceMs, signal: closing.signal };
  return {
    options,
    clock,
    storage,
    owner,
    limits,
    counters,
    serverClock,
    closing,
    session,
    request,
    patient,
  };
}

function unreadOf({ request, clock, patient, limits, session }: Base): Unread {
  const { unreadEveryMs: everyMs, listedRoomsMax: roomsMax } = limits;
  return new Unread({ request, clock, patient, everyMs, roomsMax, me: () => session.userId });
}

interface RoomParts {
  readonly cursors: Cursors;
  readonly outbox: Outbox;
  readonly unread: Unread;
  readonly readMarks: ReadMarks;
}

function roomsOf(base: Base, { cursors, outbox, unread, readMarks }: RoomParts): Rooms {
  const { options, request, clock, limits, counters, session, patient } = base;
  const typingMs = () => session.serverLimits.typingMs;
  const { typingEveryMs, streamItemsMax } = limits;
  return new Rooms({
    cursors,
    queue: new JoinQueue({ request, clock, limits }),
    feedContext: {
      me: () => session.userId,
      request,
      clock,
      limits,
      counters,
      repairOnHead: options.repair !== "on-demand",
      skipRepair: options.faults?.skipRepair === true,
    },
    makeRoom: (feed, rooms) =>
      new Room({
        feed,
        request,
        patient,
        outbox,
        readMarks,
        clock,
        typingMs,
        typingEveryMs,
        streamItemsMax,
        want: (from) => {
          rooms.want(feed, from);
        },
        unwant: async () => {
          rooms.unwant(feed);
          if (session.up) await request("leave", { room: feed.room });
        },
      }),
    onEvent: (room, event) => {
      unread.event(room, event);
    },
  });
}
