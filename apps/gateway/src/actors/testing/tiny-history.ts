import {
  encodeEntry,
  type Entry,
  mustParse,
  type OwnerAnswer,
  type OwnerOp,
  type OwnerRequest,
  parseEntryId,
  type RoomEvent,
  type RoomId,
  type UserId,
  uuidV7,
  wireError,
} from "@parley/protocol";

/** A history instance of a few lines: rooms that everybody is in, with commands that can be made to wait or to fail. */
export class TinyHistory {
  readonly #publish: (entry: Entry) => void;
  readonly #logs = new Map<RoomId, RoomEvent[]>();
  /** Awaited before a command is decided. */
  gate: Promise<void> = Promise.resolve();
  failures: ("unknown" | "not_member")[] = [];

  constructor(publish: (entry: Entry) => void) {
    this.#publish = publish;
  }

  readonly handle = async (request: OwnerRequest): Promise<OwnerAnswer<OwnerOp>> => {
    switch (request.op) {
      case "command":
        return this.#command(request.ask.command);
      case "join": {
        const { head, events } = this.#log(request.ask.room);
        const run = request.ask.cursor === undefined ? {} : { events: events.slice(request.ask.cursor.seq) };
        return ok({
          room: request.ask.room,
          ok: true,
          epoch: 1,
          head,
          n: head,
          mark: 0,
          role: "member",
          ...run,
        });
      }
      case "run":
      case "events": {
        const { head, events } = this.#log(request.ask.room);
        const { after, limit } = request.ask;
        return ok({ epoch: 1, first: after + 1, events: events.slice(after, after + limit), head });
      }
      case "read":
        return ok({ seq: request.ask.seq, unread: 0, memberCount: 2 });
      default:
        return { ok: false, error: wireError("unavailable") };
    }
  };

  async #command(
    command: Extract<OwnerRequest, { op: "command" }>["ask"]["command"],
  ): Promise<OwnerAnswer<OwnerOp>> {
    await this.gate;
    const code = this.failures.shift();
    if (code === "unknown") return { ok: false, error: wireError("unknown") };
    if (code !== undefined) return ok({ decided: false, code, error: wireError(code), replayed: false });
    const event = this.#store(command.room, eventOf(command, this.#log(command.room).head + 1));
    return ok({ decided: true, seq: event.seq, n: event.n, ts: event.ts, epoch: 1, replayed: false, event });
  }

  /** A message that no client of this node has sent. */
  say(room: RoomId, author: UserId, text: string): void {
    this.#store(room, eventOf({ author, action: { kind: "send", text } }, this.#log(room).head + 1));
  }

  #store(room: RoomId, event: RoomEvent): RoomEvent {
    const after = this.#log(room).head;
    this.#logs.get(room)?.push(event);
    const id = mustParse(parseEntryId, uuidV7(Date.now()));
    const entry = { id, room, epoch: 1, after, events: [event], answers: [], keyTimeMaxMs: 0 };
    this.#publish(encodeEntry({ ...entry, traceparent: undefined }));
    return event;
  }

  #log(name: RoomId): { readonly head: number; readonly events: readonly RoomEvent[] } {
    const events = this.#logs.get(name) ?? [];
    this.#logs.set(name, events);
    return { head: events.length, events };
  }
}

const ok = (body: unknown): OwnerAnswer<OwnerOp> => ({ ok: true, body }) as OwnerAnswer<OwnerOp>;

function eventOf(
  { author, action }: { author: UserId; action: { kind: string; text?: string } },
  seq: number,
): RoomEvent {
  const common = { seq, n: seq, ts: new Date().toISOString(), author };
  const { kind, ...fields } = action;
  const named = kind === "access.revoke" ? "access.revoked" : "message.created";
  return { ...common, kind: named, text: "", ...fields } as RoomEvent;
}
