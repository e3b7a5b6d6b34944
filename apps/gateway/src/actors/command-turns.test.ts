import { defaultLimits, mustParse, parseKey } from "@parley/protocol";
import { describe, expect, it } from "vitest";
import { CommandLatch } from "../domain/command-latch.ts";
import type { CommandOutcome } from "./command-desk.ts";
import { CommandTurns } from "./command-turns.ts";
import { ann, identityOf, room, ts } from "./desk-fixture.ts";
import type { Session, WaitingTurn } from "./session.ts";

const applied = {
  ok: true,
  rate: undefined,
  applied: { seq: 1, n: 1, ts, epoch: 1, replayed: false },
} as const;

describe("commands of a session whose access is revoked", () => {
  it("that wait are not decided any more", async () => {
    const submitted: string[] = [];
    const first = Promise.withResolvers<void>();
    const turns = new CommandTurns({
      commands: {
        submit: async (_, { key }): Promise<CommandOutcome> => {
          submitted.push(key);
          await first.promise;
          return applied;
        },
      },
      deadlineMs: defaultLimits.commandDeadlineMs,
      nowMs: () => 0,
    });
    const latch = new CommandLatch<WaitingTurn>({ waitingMax: 10, giveUpMs: 1_000 });
    const session = { identity: identityOf(ann), latch, revoked: false };
    const answers = ["a", "b", "c"].map((key) =>
      turns.ask(session as unknown as Session, {
        room,
        key: mustParse(parseKey, key),
        action: { kind: "send", text: key },
      }),
    );
    session.revoked = true;
    first.resolve();
    expect(await Promise.all(answers)).toMatchObject([
      { ok: true },
      { error: { code: "token_revoked" } },
      { error: { code: "token_revoked" } },
    ]);
    expect(submitted).toEqual(["a"]);
    await turns.idle();
  });
});
