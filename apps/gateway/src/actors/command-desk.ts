import type { Owners } from "@parley/bus";
import {
  type Action,
  type ActionKind,
  type ClientPayload,
  type Command,
  type CommandOk,
  createdRoomId,
  directRoomId,
  type ErrorCode,
  type Limits,
  type OwnerAnswer,
  oversized,
  partitionOf,
  reservedRoomPrefix,
  type RoomId,
  type Scope,
  type UserId,
  type WireError,
  wireError,
} from "@parley/protocol";
import type { RateLimiter } from "@parley/rate-limiter";
import { type Asker, reservedFault, scopeFault } from "./asker.ts";
import { noticesOf } from "./notices.ts";
import { type RateStatus, RequestLimits } from "./request-limits.ts";
import type { Notifier } from "./seams.ts";

/** What an asker wants of a room; who asks comes from the token, never from the request. */
export type CommandRequest = Pick<Command, "room" | "key" | "action">;
export type CreateRequest = ClientPayload<"create">;

/** `rate`: how much of the nearest bucket is left; `undefined` when the request came to no bucket. */
export type CommandOutcome = (
  | { readonly ok: true; readonly applied: CommandOk }
  | { readonly ok: false; readonly error: WireError }
) & { readonly rate: RateStatus | undefined };
export type CreateOutcome =
  | (Extract<CommandOutcome, { ok: true }> & { readonly room: RoomId })
  | Extract<CommandOutcome, { ok: false }>;

export interface CommandTelemetry {
  commandAnswered(command: {
    readonly kind: ActionKind;
    readonly outcome: "applied" | "replayed" | ErrorCode;
    readonly durationMs: number;
  }): void;
}

export interface CommandDeskParts {
  readonly owners: Pick<Owners, "ask">;
  readonly partitions: number;
  readonly limits: Limits;
  readonly rateLimiter: RateLimiter;
  readonly notifier: Notifier;
  readonly telemetry: CommandTelemetry;
  readonly clock: { readonly nowMs: () => number };
}

/**
 * The one way in for commands, from sockets and from REST: scope, sizes, rate limits, then the room's owner. It knows no
 * rules of rooms. Nothing here rejects; a refusal is a catalogue error.
 */
export class CommandDesk {
  readonly #parts: CommandDeskParts;
  readonly #requestLimits: RequestLimits;

  constructor(parts: CommandDeskParts) {
    this.#parts = parts;
    this.#requestLimits = new RequestLimits(parts.rateLimiter, parts.limits);
  }

  /** Resolves within about `deadlineMs`. Those whom a fresh event concerns are told of it, once. */
  async submit(asker: Asker, request: CommandRequest, deadlineMs: number): Promise<CommandOutcome> {
    const { clock, telemetry } = this.#parts;
    const startedMs = clock.nowMs();
    const outcome = await this.#decide(asker, request, deadlineMs);
    if (outcome.ok && !outcome.applied.replayed) this.#tell(request.room, outcome.applied);
    telemetry.commandAnswered({
      kind: request.action.kind,
      outcome: outcomeName(outcome),
      durationMs: clock.nowMs() - startedMs,
    });
    return outcome;
  }

  /** Creates a room: its id follows from the two users of a direct room, else from the creator and the key. */
  async create(asker: Asker, request: CreateRequest, deadlineMs: number): Promise<CreateOutcome> {
    const { key, kind, ...settings } = request;
    const room = await roomIdFor(asker.identity.userId, request);
    if (room === undefined) {
      return refused(wireError("bad_request", "a direct room has exactly one other member"));
    }
    const action = { kind: "room.create", roomKind: kind, ...settings } as const;
    const outcome = await this.submit(asker, { room, key, action }, deadlineMs);
    return outcome.ok ? { ...outcome, room } : outcome;
  }

  async #decide(asker: Asker, request: CommandRequest, deadlineMs: number): Promise<CommandOutcome> {
    const { room, action } = request;
    const fault =
      scopeFault(asker, scopeOfKind[action.kind]) ??
      reservedFault(room) ??
      reservedMemberFault(action) ??
      oversized(action, this.#parts.limits);
    if (fault !== undefined) return refused(fault);
    const { status, error } = await this.#requestLimits.command(asker.identity.userId, room);
    if (error !== undefined) return refused(error, status);
    const answer = await this.#ask(asker, request, deadlineMs);
    if (!answer.ok) return refused(answer.error, status);
    if (!answer.body.decided) return refused(answer.body.error, status);
    const { decided: _, ...applied } = answer.body;
    return { ok: true, applied, rate: status };
  }

  #ask(
    { identity, traceparent }: Asker,
    { room, key, action }: CommandRequest,
    deadlineMs: number,
  ): Promise<OwnerAnswer<"command">> {
    const command: Command = { room, key, action, author: identity.userId, bot: identity.bot };
    const ask = traceparent === undefined ? { command } : { command, traceparent };
    return this.#parts.owners.ask(
      partitionOf(room, this.#parts.partitions),
      { op: "command", ask },
      { deadlineMs },
    );
  }

  #tell(room: RoomId, { event }: CommandOk): void {
    if (event === undefined) return;
    for (const { users, notice } of noticesOf(room, event)) this.#parts.notifier.notify(users, notice);
  }
}

async function roomIdFor(
  creator: UserId,
  { kind, key, members = [] }: CreateRequest,
): Promise<RoomId | undefined> {
  if (kind !== "direct") return createdRoomId(creator, key);
  const others = members.filter((member) => member !== creator);
  const [other] = others;
  return other !== undefined && others.length === 1 ? directRoomId(creator, other) : undefined;
}

/** Ids of the service's own are nobody who could be a member. */
function reservedMemberFault(action: Action): WireError | undefined {
  const named =
    action.kind === "room.create" ? (action.members ?? []) : "user" in action ? [action.user] : [];
  const reserved = named.find((user) => user.startsWith(reservedRoomPrefix));
  return reserved === undefined ? undefined : wireError("no_such_user", `${reserved} is no user`);
}

/** The scope that each kind of action needs. */
const scopeOfKind = {
  send: "messages:write",
  edit: "messages:write",
  delete: "messages:write",
  react: "messages:write",
  unreact: "messages:write",
  pin: "messages:write",
  unpin: "messages:write",
  "member.join": "members:write",
  "member.leave": "members:write",
  "member.add": "members:write",
  "member.remove": "members:write",
  "member.role": "members:write",
  "member.ban": "members:write",
  "member.unban": "members:write",
  "room.create": "rooms:write",
  "room.update": "rooms:write",
  "room.archive": "rooms:write",
  "access.revoke": "admin",
} as const satisfies Record<ActionKind, Scope>;

function outcomeName(outcome: CommandOutcome): "applied" | "replayed" | ErrorCode {
  if (!outcome.ok) return outcome.error.code;
  return outcome.applied.replayed ? "replayed" : "applied";
}

const refused = (error: WireError, rate?: RateStatus) => ({ ok: false, error, rate }) as const;
