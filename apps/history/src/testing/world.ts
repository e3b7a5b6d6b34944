import { join } from "node:path";
import { LocalLiveFeed, LocalOwners } from "@parley/bus/local";
import { openSqlite } from "@parley/connections";
import type { HistoryStore } from "@parley/history-store";
import { SqliteHistoryStore } from "@parley/history-store/sqlite";
import {
  type Action,
  type CommandAnswer,
  type CommandOk,
  createdRoomId,
  defaultLimits,
  type JoinedRoom,
  type Key,
  type Limits,
  mustParse,
  type OwnerAnswerBody,
  type OwnerAsk,
  type OwnerOp,
  parseKey,
  parseUserId,
  partitionOf,
  type RoomEvent,
  type RoomId,
  type UserId,
  uuidV7,
} from "@parley/protocol";
import type { RoomLog } from "@parley/room-log";
import { SqliteRoomLog } from "@parley/room-log/sqlite";
import { createTelemetry } from "@parley/telemetry";
import { startHistory } from "../service.ts";

export const partitions = 4;
const user = (id: string): UserId => mustParse(parseUserId, id);
export const ann = user("ann");
export const bob = user("bob");
export const eve = user("eve");

export const newKey = (): Key => mustParse(parseKey, uuidV7(Date.now()));
export const send = (text: string): Action => ({ kind: "send", text });
export const numbers = (from: number, to: number): readonly number[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);

/** `target` with some of its methods replaced; the others see `target` itself. */
export function overriding<Target extends object>(target: Target, methods: Partial<Target>): Target {
  return new Proxy(target, {
    get(_, name) {
      const value: unknown = Reflect.get(name in methods ? methods : target, name);
      return typeof value === "function" && !(name in methods) ? (value.bind(target) as unknown) : value;
    },
  });
}

/** A promise that somebody else settles. */
export const gate = () => Promise.withResolvers<void>();

export interface WorldOptions {
  readonly logBytesMax?: number;
}

export interface Serving {
  readonly owners?: LocalOwners;
  readonly log?: RoomLog;
  readonly store?: HistoryStore;
  readonly limits?: Partial<Limits>;
}

/** A data folder with instances that can be ended and begun anew over it. */
export class World implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();
  readonly owners = new LocalOwners({ throughJson: true });
  readonly feed = new LocalLiveFeed();
  log!: SqliteRoomLog;
  store!: SqliteHistoryStore;

  static async open(folder: string, { logBytesMax = 1e9 }: WorldOptions = {}): Promise<World> {
    const world = new World();
    const logFile = world.#stack.use(await openSqlite(join(folder, "log.sqlite")));
    const storeFile = world.#stack.use(await openSqlite(join(folder, "store.sqlite")));
    world.store = await SqliteHistoryStore.open({ database: storeFile });
    world.log = await SqliteRoomLog.open({
      database: logFile,
      partitions,
      archivedEpoch: await world.store.newestEpoch(),
      bytesMax: logBytesMax,
      onStored: ({ entry }) => world.feed.publish(entry),
      now: Date.now,
    });
    world.#stack.use(world.log);
    return world;
  }

  async serve(instance: string, serving: Serving = {}): Promise<AsyncDisposable> {
    const { owners = this.owners, log = this.log, store = this.store } = serving;
    const telemetry = createTelemetry({ service: "history", level: "silent" });
    const limits = { ...defaultLimits, ...serving.limits };
    const config = { instance, keepArchivedMs: 60_000, limits, faults: new Set<never>() };
    return this.#stack.use(await startHistory(config, { log, store, owners, feed: this.feed, telemetry }));
  }

  async ask<Op extends OwnerOp>(
    op: Op,
    room: RoomId,
    ask: OwnerAsk<Op>,
    owners: LocalOwners = this.owners,
  ): Promise<OwnerAnswerBody<Op>> {
    const answer = await owners.ask(partitionOf(room, partitions), { op, ask }, { deadlineMs: 10_000 });
    if (!answer.ok) throw new Error(answer.error.code);
    return answer.body;
  }

  /** The answer to a command, of the instances that serve at `owners`. */
  async command(
    room: RoomId,
    author: UserId,
    action: Action,
    { key = newKey(), owners = this.owners }: { readonly key?: Key; readonly owners?: LocalOwners } = {},
  ): Promise<CommandAnswer> {
    return this.ask("command", room, { command: { room, author, bot: false, key, action } }, owners);
  }

  /** The answer of a command that must succeed. */
  async done(room: RoomId, author: UserId, action: Action, key = newKey()): Promise<CommandOk> {
    const answer = await this.command(room, author, action, { key });
    if (!answer.decided) throw new Error(`${answer.code}: ${answer.error.message}`);
    return answer;
  }

  /** A room that ann owns and bob is a member of. */
  async create(
    roomKind: "group" | "public" = "group",
    history: "all" | "since-join" = "all",
    owners: LocalOwners = this.owners,
  ): Promise<RoomId> {
    const key = newKey();
    const room = await createdRoomId(ann, key);
    const action: Action = { kind: "room.create", roomKind, members: [bob], history };
    const answer = await this.command(room, ann, action, { key, owners });
    if (!answer.decided) throw new Error(answer.error.message);
    return room;
  }

  async join(
    room: RoomId,
    who: UserId,
    after: number,
    { bytesMax = 262_144, epoch = 1 }: { readonly bytesMax?: number; readonly epoch?: number } = {},
  ): Promise<JoinedRoom & { ok: true }> {
    const joined = await this.ask("join", room, {
      room,
      user: who,
      cursor: { epoch, seq: after },
      bytesMax,
    });
    if (!joined.ok) throw new Error(joined.error.code);
    return joined;
  }

  /** The room's events as the log has them now. */
  async logged(room: RoomId): Promise<readonly RoomEvent[]> {
    const entries = await this.log.readRoom(room, 0, 100_000);
    return entries.flatMap(
      ({ entry }) =>
        (JSON.parse(Buffer.from(entry.payload).toString() || "{}") as { events?: RoomEvent[] }).events ?? [],
    );
  }

  /** Resolves when the archive has all that the room's log has. */
  async archived(room: RoomId): Promise<void> {
    const partition = partitionOf(room, partitions);
    const goal = await this.log.lastPosition(partition);
    while (((await this.store.floor(partition))?.position ?? 0) < goal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
