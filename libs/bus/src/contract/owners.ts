import {
  type Command,
  mustParse,
  type OwnerAnswer,
  type OwnerAsk,
  type OwnerOp,
  parseKey,
  parseRoomId,
  parseUserId,
  wireError,
} from "@parley/protocol";
import { afterEach, describe, expect, test } from "vitest";
import type { OwnerHandler, Owners, OwnerSeat } from "../port.ts";

export interface OwnersSettingOptions {
  /** Asks of one participant that may wait at once. */
  readonly asksMax: number;
}

/** A bus on which the suite places participants. */
export interface OwnersSetting extends AsyncDisposable {
  /** How long one instance is waited for before the next is asked too. */
  readonly attemptMs: number;
  /** One more participant, who has heard who serves. */
  participant(): Promise<Owners>;
  /** Resolves when every participant knows who serves. */
  agree(): Promise<void>;
  /** Resolves when `durationMs` have passed and what is due has run. */
  elapse(durationMs: number): Promise<void>;
}

const room = mustParse(parseRoomId, "r_1");
const user = mustParse(parseUserId, "ada");
const partition = 3;
const partitions = Array.from({ length: 64 }, (_, index) => index);
const deadlineMs = 5_000;

const command: Command = {
  room,
  author: user,
  bot: false,
  key: mustParse(parseKey, "k1"),
  action: {
    kind: "send",
    text: 'héllo 👩‍👩‍👧 "quoted" \u2028',
    metadata: { nested: { list: [1, 2.5, null, true] } },
  },
};
const asCommand = { op: "command", ask: { command } } as const;
const asRead = { op: "room", ask: { room, user } } as const;

const answered: OwnerAnswer<"changes"> = { ok: true, body: { position: 1, heads: [], complete: true } };

/** Says who answered, in a place where any name fits. */
const answering = (instance: string): OwnerHandler => {
  const answer: OwnerAnswer<"roomsOf"> = { ok: true, body: { items: [], nextCursor: instance } };
  return async () => answer;
};
const asWho = { op: "roomsOf", ask: { user, limit: 1 } } as const;
const whoAnswered = (answer: OwnerAnswer<"roomsOf">): string | undefined =>
  answer.ok ? answer.body.nextCursor : answer.error.code;

/** The promise of `Owners` and `OwnerSeat`. */
export function ownersContract(
  name: string,
  open: (options: OwnersSettingOptions) => Promise<OwnersSetting>,
): void {
  describe(`${name} keeps the promise of Owners`, () => {
    const toClose: AsyncDisposable[] = [];
    let testEnd = Promise.withResolvers<OwnerAnswer<OwnerOp>>();
    /** Hears and says nothing for as long as the test lasts. */
    const silence: OwnerHandler = async () => testEnd.promise;
    const opened = async (options: OwnersSettingOptions = { asksMax: 1_000 }) => {
      const setting = await open(options);
      toClose.push(setting);
      return setting;
    };
    const serve = async (setting: OwnersSetting, instance: string, handler?: OwnerHandler) => {
      const seat = await (await setting.participant()).serve(instance, handler ?? answering(instance));
      toClose.push(seat);
      await setting.agree();
      return seat;
    };
    const ask = async <Op extends OwnerOp>(
      owners: Owners,
      request: { readonly op: Op; readonly ask: OwnerAsk<Op> },
    ) => owners.ask(partition, request, { deadlineMs });
    afterEach(async () => {
      testEnd.resolve(answered);
      testEnd = Promise.withResolvers();
      for (const each of toClose.splice(0).toReversed()) await each[Symbol.asyncDispose]();
    });

    describe("asking", () => {
      test("is answered `unavailable` at once when nobody serves", async () => {
        const owners = await (await opened()).participant();
        for (const request of [asCommand, asRead]) {
          expect(await ask(owners, request)).toEqual({ ok: false, error: wireError("unavailable") });
        }
      });

      test("brings the request to the handler and its answer back, value for value", async () => {
        const setting = await opened();
        const heard: unknown[] = [];
        const seat = await serve(setting, "h1", async (request, remainingMs) => {
          heard.push(request);
          expect(remainingMs).toBeGreaterThan(0);
          expect(remainingMs).toBeLessThanOrEqual(deadlineMs);
          return answered;
        });
        const owners = await setting.participant();
        expect(await ask(owners, asCommand)).toEqual(answered);
        expect(await ask(owners, asRead)).toEqual(answered);
        expect(heard).toEqual([asCommand, asRead]);
        expect(seat.instance).toBe("h1");
      });

      test("brings a handler's refusal back as it is, and asks nobody else", async () => {
        const setting = await opened();
        const error = wireError("slow_mode", "wait", { retryAfterMs: 40, detail: { left: 1 } });
        let asked = 0;
        for (const instance of ["h1", "h2"]) {
          await serve(setting, instance, async () => {
            asked += 1;
            return { ok: false, error };
          });
        }
        expect(await ask(await setting.participant(), asCommand)).toEqual({ ok: false, error });
        expect(asked).toBe(1);
      });

      test("goes to the instance that ranks first, whoever asks", async () => {
        const setting = await opened();
        const seats = [await serve(setting, "h1"), await serve(setting, "h2"), await serve(setting, "h3")];
        const owners = [await setting.participant(), await setting.participant()];
        await setting.agree();
        for (const each of partitions) {
          const first = seats.find((seat) => seat.mine(each))?.instance;
          for (const asker of owners) {
            expect(whoAnswered(await asker.ask(each, asWho, { deadlineMs }))).toBe(first);
          }
        }
      });

      test("is `busy` beyond the bound of asks that wait, and nothing is attempted", async () => {
        const setting = await opened({ asksMax: 2 });
        let asked = 0;
        const gate = Promise.withResolvers<void>();
        await serve(setting, "h1", async () => {
          asked += 1;
          await gate.promise;
          return answered;
        });
        const owners = await setting.participant();
        await setting.agree();
        const waiting = [ask(owners, asCommand), ask(owners, asRead)];
        expect(await ask(owners, asCommand)).toEqual({ ok: false, error: wireError("busy") });
        gate.resolve();
        expect(await Promise.all(waiting)).toEqual([answered, answered]);
        expect(asked).toBe(2);
        expect(await ask(owners, asCommand)).toEqual(answered);
      });
    });

    describe("an instance that does not answer", () => {
      const withFirst = async (setting: OwnersSetting, first: OwnerHandler) => {
        let calls = 0;
        const handlers = ["h1", "h2"].map((instance) => {
          const handler: OwnerHandler = async (request, remainingMs) => {
            calls += 1;
            return calls === 1 ? first(request, remainingMs) : answering(instance)(request, remainingMs);
          };
          return { instance, handler };
        });
        for (const { instance, handler } of handlers) await serve(setting, instance, handler);
        return setting.participant();
      };

      test("costs one attempt: the next by rank is asked, commands as well as reads", async () => {
        for (const request of [asCommand, asRead]) {
          const setting = await opened();
          const owners = await withFirst(setting, silence);
          await setting.agree();
          const asked = ask(owners, request);
          await setting.elapse(setting.attemptMs);
          expect(await asked).toMatchObject({ ok: true });
        }
      });

      test("is not given up: its late answer is the answer when the next has none", async () => {
        const setting = await opened();
        const late = Promise.withResolvers<OwnerAnswer<OwnerOp>>();
        const handlers = [async () => late.promise, silence];
        const handler: OwnerHandler = async (request, remainingMs) =>
          (handlers.shift() ?? silence)(request, remainingMs);
        for (const instance of ["h1", "h2"]) await serve(setting, instance, handler);
        const owners = await setting.participant();
        await setting.agree();
        const asked = ask(owners, asCommand);
        await setting.elapse(setting.attemptMs * 1.5);
        late.resolve(answered);
        expect(await asked).toEqual(answered);
      });

      test("at the deadline makes a command `unknown` and a read `unavailable`", async () => {
        const setting = await opened();
        await serve(setting, "h1", silence);
        const owners = await setting.participant();
        await setting.agree();
        const asked = Promise.all([ask(owners, asCommand), ask(owners, asRead)]);
        await setting.elapse(deadlineMs);
        expect(await asked).toEqual([
          { ok: false, error: wireError("unknown") },
          { ok: false, error: wireError("unavailable") },
        ]);
      });

      test("because its handler failed is followed by the next", async () => {
        const setting = await opened();
        const owners = await withFirst(setting, async () => {
          throw new Error("a bug");
        });
        await setting.agree();
        expect(await ask(owners, asCommand)).toMatchObject({ ok: true });
      });
    });

    describe("a seat", () => {
      const shares = (seats: readonly OwnerSeat[]) =>
        partitions.map((each) => seats.filter((seat) => seat.mine(each)).map(({ instance }) => instance));

      test("ranks first for a partition exactly when no other does", async () => {
        const setting = await opened();
        const seats = [await serve(setting, "h1"), await serve(setting, "h2"), await serve(setting, "h3")];
        for (const firsts of shares(seats)) expect(firsts).toHaveLength(1);
      });

      test("takes partitions from others when it comes, and gives back only those when it goes", async () => {
        const setting = await opened();
        const seats = [await serve(setting, "h1"), await serve(setting, "h2")];
        const before = shares(seats);
        const third = await serve(setting, "h3");
        const during = shares([...seats, third]);
        expect(during.filter(([first]) => first === "h3").length).toBeGreaterThan(0);
        const kept = partitions.filter((each) => during[each]?.[0] !== "h3");
        expect(kept.map((each) => during[each])).toEqual(kept.map((each) => before[each]));
        await third[Symbol.asyncDispose]();
        await setting.agree();
        expect(shares(seats)).toEqual(before);
        expect(partitions.some((each) => third.mine(each))).toBe(false);
      });

      test("tells of changes until it is asked to stop", async () => {
        const setting = await opened();
        const seat = await serve(setting, "h1");
        let changes = 0;
        const stop = seat.onChange(() => {
          changes += 1;
        });
        const other = await serve(setting, "h2");
        expect(changes).toBeGreaterThan(0);
        const afterComing = changes;
        await other[Symbol.asyncDispose]();
        await setting.agree();
        expect(changes).toBeGreaterThan(afterComing);
        const afterGoing = changes;
        stop();
        await serve(setting, "h3");
        expect(changes).toBe(afterGoing);
      });

      test("that closes is asked no more, and answers what it was asked before", async () => {
        const setting = await opened();
        const gate = Promise.withResolvers<void>();
        let calls = 0;
        const seat = await serve(setting, "h1", async () => {
          calls += 1;
          await gate.promise;
          return answered;
        });
        const owners = await setting.participant();
        await setting.agree();
        const before = ask(owners, asCommand);
        await setting.elapse(1);
        let isClosed = false;
        const closing = seat[Symbol.asyncDispose]().then(() => {
          isClosed = true;
        });
        await setting.agree();
        expect(await ask(owners, asCommand)).toEqual({ ok: false, error: wireError("unavailable") });
        expect(isClosed).toBe(false);
        gate.resolve();
        expect(await before).toEqual(answered);
        await closing;
        expect(calls).toBe(1);
      });
    });
  });
}
