import type { Identity } from "@parley/auth";
import type { LiveEntry, Owners } from "@parley/bus";
import {
  defaultLimits,
  encodeEntry,
  mustParse,
  type OwnerAnswer,
  type OwnerOp,
  type OwnerRequest,
  parseEntryId,
  parseTokenId,
  parseUserId,
  revocationRoom,
  type RoomEvent,
  systemUser,
  wireError,
} from "@parley/protocol";
import { FakeClock, settle } from "@parley/testing";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { noFaults } from "../domain/faults.ts";
import { type RevokedSubject, type Revocation, RevocationRoom } from "./revocations.ts";
import { RoomFollowers } from "./room-followers.ts";

const ann = mustParse(parseUserId, "ann");
const dayMs = 86_400_000;

/** The reserved room: its log, its owner and its feed. */
class ReservedRoom {
  readonly log: RoomEvent[] = [];
  epoch = 1;
  away = false;
  /** Called before a run is read. */
  reading = (): void => undefined;
  #feed: ((entry: LiveEntry) => void) | undefined;

  readonly owners: Pick<Owners, "ask"> = {
    ask: async (_, request) => this.#answer(request as OwnerRequest),
  };
  readonly liveFeed = {
    subscribe: async (_: unknown, handler: (entry: LiveEntry) => void) => {
      this.#feed = handler;
      return { [Symbol.asyncDispose]: async () => undefined };
    },
    subscribePulses: async () => ({ [Symbol.asyncDispose]: async () => undefined }),
  };

  revoke(subject: RevokedSubject, id: string, at: { readonly tsMs: number; readonly untilMs: number }): void {
    const [ts, until] = [at.tsMs, at.untilMs].map((ms) => new Date(ms).toISOString()) as [string, string];
    const after = this.log.length;
    const event: RoomEvent = {
      kind: "access.revoked",
      seq: after + 1,
      n: 0,
      ts,
      author: systemUser,
      subject,
      id,
      until,
    };
    this.log.push(event);
    const fields = { room: revocationRoom, epoch: this.epoch, after, events: [event], answers: [] };
    const entryId = mustParse(parseEntryId, `entry-${after}`);
    this.#feed?.(encodeEntry({ ...fields, id: entryId, keyTimeMaxMs: 0, traceparent: undefined }));
  }

  #answer(request: OwnerRequest): OwnerAnswer<OwnerOp> {
    if (this.away || request.op !== "run") return { ok: false, error: wireError("unavailable") };
    this.reading();
    const { after, limit } = request.ask;
    const events = this.log.slice(after, after + limit);
    return { ok: true, body: { epoch: this.epoch, first: after + 1, events, head: this.log.length } };
  }
}

let clock: FakeClock;
let reserved: ReservedRoom;
let followers: RoomFollowers;
let revocations: RevocationRoom;
const revocationsUnread = vi.fn<(reason: string) => void>();

beforeEach(() => {
  clock = new FakeClock();
  reserved = new ReservedRoom();
  const telemetry = {
    holeFound() {},
    holeClosed() {},
    continuityLost() {},
    entryUnreadable() {},
    pulsesMissed() {},
    pulseAnswerFailed() {},
    revocationsUnread,
  };
  const { owners, liveFeed } = reserved;
  const common = { owners, partitions: 1, clock, telemetry, faults: noFaults, limits: defaultLimits };
  followers = new RoomFollowers({ ...common, liveFeed, repairMs: 2_000 });
  revocations = new RevocationRoom({ ...common, followers });
});

const identity = (fields: Partial<Identity> = {}): Identity => ({
  userId: ann,
  name: undefined,
  tokenId: mustParse(parseTokenId, "token-1"),
  scopes: new Set(),
  bot: false,
  issuedAtMs: clock.nowMs(),
  expiresAtMs: undefined,
  ...fields,
});

const now = () => ({ tsMs: clock.nowMs(), untilMs: clock.nowMs() + dayMs });

describe("a node that starts", () => {
  it("knows what was revoked before, however much it is", async () => {
    for (let count = 0; count < 2_500; count += 1) reserved.revoke("token", `other-${count}`, now());
    reserved.revoke("token", "token-1", now());
    await revocations.join();
    expect(revocations.isRevoked(identity())).toBe(true);
  });

  it("is not in before it could read them", async () => {
    reserved.away = true;
    const joined = vi.fn<() => void>();
    const joining = revocations.join().then(joined);
    await clock.advance(2_000);
    expect(joined).not.toHaveBeenCalled();
    expect(revocationsUnread).toHaveBeenCalled();
    reserved.away = false;
    await clock.advance(500);
    await joining;
    expect(joined).toHaveBeenCalledOnce();
  });
});

describe("a revocation", () => {
  it("of a user ends the tokens they have, and not those they get later", async () => {
    await revocations.join();
    reserved.revoke("user", ann, now());
    expect(revocations.isRevoked(identity())).toBe(true);
    expect(revocations.isRevoked(identity({ issuedAtMs: clock.nowMs() + 1 }))).toBe(false);
  });

  it("of a token leaves the user's others alone", async () => {
    await revocations.join();
    reserved.revoke("token", "token-1", now());
    expect(revocations.isRevoked(identity())).toBe(true);
    expect(revocations.isRevoked(identity({ tokenId: mustParse(parseTokenId, "token-2") }))).toBe(false);
  });

  it("of a session keeps its id from coming back", async () => {
    await revocations.join();
    reserved.revoke("session", "session-1", now());
    expect(revocations.isSessionRevoked("session-1")).toBe(true);
  });

  it("is told to those who close sockets, once", async () => {
    const heard = vi.fn<(revocation: Revocation) => void>();
    revocations.onRevoked(heard);
    await revocations.join();
    reserved.revoke("user", ann, now());
    reserved.revoke("user", ann, now());
    expect(heard).toHaveBeenCalledExactlyOnceWith({ subject: "user", id: ann, atMs: clock.nowMs() });
  });

  it("is forgotten when no token that it concerns can be alive", async () => {
    await revocations.join();
    reserved.revoke("token", "token-1", now());
    await clock.advance(dayMs + 60_000);
    expect(revocations.isRevoked(identity())).toBe(false);
  });

  it("is known after the room's log was rebuilt, too", async () => {
    await revocations.join();
    reserved.epoch = 2;
    reserved.log.length = 0;
    reserved.revoke("token", "token-1", now());
    await clock.advance(1_000);
    await settle();
    expect(revocations.isRevoked(identity())).toBe(true);
  });

  it("is followed once, also when the log was rebuilt while the room was read", async () => {
    reserved.reading = () => {
      reserved.reading = () => undefined;
      reserved.epoch = 2;
      reserved.revoke("token", "token-1", now());
      reserved.log.length = 0;
      reserved.epoch = 1;
    };
    const joining = revocations.join();
    await settle();
    reserved.epoch = 2;
    await clock.advance(5_000);
    await joining;
    expect(followers.count).toBe(1);
    revocations[Symbol.dispose]();
    expect([followers.count, clock.pending]).toEqual([0, 0]);
  });

  it("that cannot be stored says so", async () => {
    reserved.away = true;
    expect(await revocations.revoke("user", ann)).toMatchObject({ code: "unavailable" });
  });
});
