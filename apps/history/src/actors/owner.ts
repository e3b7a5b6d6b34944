import {
  type Cursor,
  type OwnerAnswerBody,
  type OwnerAsk,
  type OwnerRequest,
  ParleyError,
  parseRoomId,
  type RoomId,
  type RoomOverview,
} from "@parley/protocol";
import { roomView } from "../domain/views.ts";
import type { Environment } from "./environment.ts";
import { changesSince } from "./log-reader.ts";
import { MessageReads } from "./message-reads.ts";
import type { RoomImage } from "./room-image.ts";
import { ReadTurns } from "./read-turns.ts";
import { RoomReads } from "./room-reads.ts";
import type { Rooms } from "./rooms.ts";
import { RunReads } from "./run-reads.ts";
import { UnreadCounts } from "./unread-counts.ts";

/** Reads of one instance at once: each may hold some megabytes. */
const readsTogetherMax = 32;
const readsWaitingMax = 2_000;

/** Errors by which a room drops out of a user's list: it is not theirs (any more). */
const notTheirs = new Set(["no_such_room", "not_member", "banned"]);

export interface OwnerParts {
  readonly environment: Environment;
  readonly rooms: Rooms;
  /** Resolves when the archive has what the log has now, or soon after. */
  readonly archiveSettled: () => Promise<void>;
}

interface Addressed {
  readonly room: RoomId;
  readonly atLeast?: Cursor;
}

type InTurn = <Value>(work: () => Promise<Value>) => Promise<Value>;

/** Answers what the edge asks of the instance that owns a partition. Throws `ParleyError` for refusals of reads. */
export class Owner {
  readonly #parts: OwnerParts;
  readonly #messages: MessageReads;
  readonly #runs: RunReads;
  readonly #reads: RoomReads;
  /** Of clients' reads of many rows. Gateways' runs close holes and do not wait behind them. */
  readonly #turns: ReadTurns;

  constructor(parts: OwnerParts) {
    this.#parts = parts;
    const { store, limits, now, faults } = parts.environment;
    this.#turns = new ReadTurns({ together: readsTogetherMax, waitingMax: readsWaitingMax, now });
    const unread = new UnreadCounts(store, limits, faults);
    this.#messages = new MessageReads(store, limits, faults);
    this.#runs = new RunReads({ store, messages: this.#messages, unread, limits });
    this.#reads = new RoomReads(store, this.#messages, unread);
  }

  async answer(request: OwnerRequest, deadlineMs: number): Promise<OwnerAnswerBody<OwnerRequest["op"]>> {
    const deadlineAtMs = this.#parts.environment.now() + deadlineMs;
    const inTurn: InTurn = async (work) => this.#turns.run(deadlineAtMs, work);
    switch (request.op) {
      case "command":
        return this.#command(request.ask, deadlineMs);
      case "join":
        return inTurn(async () =>
          this.#read(request.ask, async (image) => this.#runs.join(image, request.ask)),
        );
      case "run":
        return this.#read(request.ask, async (image) => this.#runs.run(image, request.ask));
      case "events":
        return inTurn(async () =>
          this.#read(request.ask, async (image) => this.#runs.events(image, request.ask)),
        );
      case "messages":
        return inTurn(async () =>
          this.#read(request.ask, async (image) => this.#messages.page(image, request.ask)),
        );
      case "message":
        return inTurn(async () =>
          this.#read(request.ask, async (image) => this.#messages.one(image, request.ask)),
        );
      case "room":
        return this.#read(request.ask, async (image) => ({
          view: await this.#reads.view(image, request.ask.user),
        }));
      case "members":
        return inTurn(async () =>
          this.#read(request.ask, async (image) => this.#reads.members(image, request.ask)),
        );
      case "read":
        return inTurn(async () =>
          this.#read(request.ask, async (image) => this.#reads.read(image, request.ask)),
        );
      case "overview":
        return this.#overview(request.ask, inTurn);
      case "roomsOf":
        return this.#roomsOf(request.ask);
      case "publicRooms":
        return this.#publicRooms(request.ask);
      case "changes":
        return changesSince(this.#parts.environment, request.ask);
      default:
        return request satisfies never;
    }
  }

  async #command(ask: OwnerAsk<"command">, deadlineMs: number): Promise<OwnerAnswerBody<"command">> {
    const { now, telemetry } = this.#parts.environment;
    const beganMs = now();
    const { command, traceparent } = ask;
    const answer = await this.#parts.rooms.use(command.room, async (room) =>
      room.submit({ command, deadlineAtMs: beganMs + deadlineMs, traceparent }),
    );
    const outcome = answer.decided ? "ok" : answer.code;
    telemetry.commandAnswered({ kind: ask.command.action.kind, outcome, ms: now() - beganMs });
    return answer;
  }

  async #read<Value>(ask: Addressed, work: (image: RoomImage) => Promise<Value>): Promise<Value> {
    return this.#parts.rooms.use(ask.room, async (room) => room.read(ask.atLeast, work));
  }

  async #overview(
    { rooms, user }: OwnerAsk<"overview">,
    inTurn: InTurn,
  ): Promise<OwnerAnswerBody<"overview">> {
    const items: RoomOverview[] = [];
    for (const room of rooms) {
      try {
        const overview = async (image: RoomImage) => this.#reads.overview(image, user);
        items.push(await inTurn(async () => this.#read({ room }, overview)));
      } catch (error) {
        if (!(error instanceof ParleyError) || !notTheirs.has(error.code)) throw error;
      }
    }
    return { items };
  }

  async #roomsOf({ user, cursor, limit }: OwnerAsk<"roomsOf">): Promise<OwnerAnswerBody<"roomsOf">> {
    await this.#parts.archiveSettled();
    const items = await this.#parts.environment.store.roomsOf(user, { after: parseRoomId(cursor), limit });
    const last = items.at(-1);
    return { items, ...(items.length === limit && last !== undefined ? { nextCursor: last } : {}) };
  }

  async #publicRooms({
    query,
    cursor,
    limit,
  }: OwnerAsk<"publicRooms">): Promise<OwnerAnswerBody<"publicRooms">> {
    await this.#parts.archiveSettled();
    const { store } = this.#parts.environment;
    const rows = await store.publicRooms(query, { after: parseRoomId(cursor), limit });
    const last = rows.at(-1);
    return {
      items: rows.map(({ record, epoch }) => roomView(record, epoch, undefined)),
      ...(rows.length === limit && last !== undefined ? { nextCursor: last.record.room } : {}),
    };
  }
}
