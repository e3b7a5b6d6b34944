import {
  type AckOf,
  type Action,
  type Key,
  messageCommandKinds,
  type MessageCommandKind,
  type RoomId,
  wireError,
} from "@parley/protocol";
import type { CommandDesk, CommandOutcome } from "../../actors/command-desk.ts";
import type { CommandTurns } from "../../actors/command-turns.ts";
import { busy, type Handler, type Handlers } from "./event-router.ts";

export interface CommandHandlerParts {
  readonly turns: Pick<CommandTurns, "ask" | "closed">;
  readonly commands: Pick<CommandDesk, "create">;
  readonly deadlineMs: number;
}

/** What every command has beside its action's own fields; the schema has checked both. */
interface Addressed {
  readonly room: RoomId;
  readonly key: Key;
}
type CommandEvent = MessageCommandKind | "command" | "create";

/** Handlers of everything that changes a room. */
export function commandHandlers(parts: CommandHandlerParts): Pick<Handlers, CommandEvent> {
  const { turns, commands, deadlineMs } = parts;
  const message =
    (kind: MessageCommandKind): Handler<"send"> =>
    async ({ session, payload }) => {
      const { room, key, ...fields } = payload as unknown as Addressed;
      return ackOf(await turns.ask(session, { room, key, action: { kind, ...fields } as Action }));
    };
  const messages = Object.fromEntries(messageCommandKinds.map((kind) => [kind, message(kind)]));
  const roomCommand: Handler<"command"> = async ({ session, payload }) => {
    const { room, key, ...action } = payload as unknown as Addressed;
    return ackOf(await turns.ask(session, { room, key, action: action as Action }));
  };
  const create: Handler<"create"> = async ({ session, payload }) => {
    if (turns.closed) return refusal(wireError("unavailable", "the node is going away"));
    const outcome = await session.seating.run(() =>
      commands.create({ identity: session.identity }, payload, deadlineMs),
    );
    if (outcome === undefined) return busy();
    return outcome.ok ? { ...applied(outcome), room: outcome.room } : refusal(outcome.error);
  };
  return { ...(messages as unknown as Pick<Handlers, MessageCommandKind>), command: roomCommand, create };
}

const refusal = (error: ReturnType<typeof wireError>) => ({ ok: false, error }) as const;

const ackOf = (outcome: CommandOutcome): AckOf<"send"> =>
  outcome.ok ? applied(outcome) : refusal(outcome.error);

function applied({ applied: { seq, n, ts, replayed } }: Extract<CommandOutcome, { ok: true }>) {
  return replayed ? ({ ok: true, seq, n, ts, replayed } as const) : ({ ok: true, seq, n, ts } as const);
}
