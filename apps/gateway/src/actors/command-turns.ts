import { type Action, type Key, type RoomId, type WireError, wireError } from "@parley/protocol";
import type { CommandDesk, CommandOutcome } from "./command-desk.ts";
import type { Session } from "./session.ts";

export interface CommandTurnsParts {
  readonly commands: Pick<CommandDesk, "submit">;
  readonly deadlineMs: number;
  readonly nowMs: () => number;
}

export interface RoomCommand {
  readonly room: RoomId;
  readonly key: Key;
  readonly action: Action;
}

/** Sessions' commands in their order: the latch says whose turn it is, the desk does the rest. */
export class CommandTurns {
  readonly #parts: CommandTurnsParts;
  #inFlight = 0;
  #idle: (() => void)[] = [];
  /** Once set, new commands are refused; those that were taken are finished. */
  closed = false;

  constructor(parts: CommandTurnsParts) {
    this.#parts = parts;
  }

  /** Never rejects. */
  ask(session: Session, command: RoomCommand): Promise<CommandOutcome> {
    if (this.closed) return Promise.resolve(refused(wireError("unavailable", "the node is going away")));
    return new Promise((done) => {
      const { room, key } = command;
      const waiting = {
        go: () => void this.#run(session, command, done),
        passOver: (first: Key) => done(refused(notAttempted(first))),
      };
      const verdict = session.latch.offer({ room, key, what: waiting }, this.#parts.nowMs());
      if (verdict.kind === "run") waiting.go();
      else if (verdict.kind === "busy")
        done(refused(wireError("busy", "too many commands of this session wait")));
      else if (verdict.kind === "not-attempted")
        done(refused(notAttempted(verdict.key, verdict.retryAfterMs)));
    });
  }

  /** Resolves when no command is in flight. */
  idle(): Promise<void> {
    if (this.#inFlight === 0) return Promise.resolve();
    return new Promise((done) => this.#idle.push(done));
  }

  async #run(session: Session, command: RoomCommand, done: (outcome: CommandOutcome) => void): Promise<void> {
    const { commands, deadlineMs, nowMs } = this.#parts;
    this.#inFlight += 1;
    const outcome = session.revoked
      ? refused(wireError("token_revoked"))
      : await commands
          .submit({ identity: session.identity }, command, deadlineMs)
          .catch(() => refused(wireError("internal")));
    this.#inFlight -= 1;
    const error = outcome.ok ? undefined : outcome.error;
    const answered = { code: error?.code, retryAfterMs: error?.retryAfterMs };
    const end = session.latch.answered(command.room, answered, nowMs());
    done(outcome);
    for (const passed of end.passedOver) passed.passOver(command.key);
    end.next?.go();
    if (this.#inFlight === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }
}

const refused = (error: WireError): CommandOutcome => ({ ok: false, error, rate: undefined });

const notAttempted = (first: Key, retryAfterMs?: number): WireError =>
  wireError("not_attempted", `the command with key ${first} is to be retried first`, {
    detail: { key: first },
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
