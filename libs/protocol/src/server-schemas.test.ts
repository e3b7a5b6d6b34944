import { describe, expect, it } from "vitest";
import {
  type AckOf,
  ackSchema,
  clientEventNames,
  eventSchemas,
  type ServerPayloads,
  serverEventSchemas,
  validator,
} from "./index.ts";

const ts = "2026-01-02T03:04:05.678Z";
const created = { kind: "message.created", seq: 1, n: 1, ts, author: "ann", text: "hi" };

describe("schemas of what the server says", () => {
  it("take a refusal for every event, and nothing that is neither answer nor refusal", () => {
    const refusal = { ok: false, error: { code: "busy", message: "later", retryAfterMs: 5 } };
    for (const event of clientEventNames) {
      const check = validator(ackSchema(event));
      expect(check(refusal)).toMatchObject({ ok: true });
      for (const wrong of [undefined, {}, { ok: 1 }, { ok: false }, { ...refusal, more: 1 }]) {
        expect(check(wrong)).toMatchObject({ ok: false });
      }
    }
  });

  it("take answers of the documented shape", () => {
    const answers = {
      send: { ok: true, seq: 1, n: 1, ts },
      events: { ok: true, epoch: 1, first: 1, events: [created], head: 1 },
      join: { ok: true, rooms: [{ room: "r1", ok: false, error: { code: "not_member", message: "no" } }] },
      leave: { ok: true },
    } as const;
    for (const event of ["send", "events", "join", "leave"] as const) {
      expect(validator(ackSchema(event))(answers[event])).toMatchObject({ ok: true });
    }
    expect(validator(ackSchema("send"))({ ...answers.send, seq: "1" })).toMatchObject({ ok: false });
    expect(validator(ackSchema("leave"))({ ok: true, extra: 1 })).toMatchObject({ ok: false });
  });

  it("take events of the documented shape and of documented kinds only", () => {
    const check = validator(serverEventSchemas.events);
    const payload = { room: "r1", epoch: 1, first: 1, events: [created] };
    expect(check(payload)).toMatchObject({ ok: true });
    expect(check({ ...payload, events: [{ ...created, kind: "message.shouted" }] })).toMatchObject({
      ok: false,
    });
    expect(check({ ...payload, events: [{ ...created, secret: 1 }] })).toMatchObject({ ok: false });
    expect(Object.keys(eventSchemas)).toContain(created.kind);
  });

  it("say the same as the types, as far as the compiler can tell", () => {
    const ack = validator(ackSchema("send"))({ ok: true, seq: 1, n: 1, ts });
    const typed: AckOf<"send"> | undefined = ack.ok ? ack.value : undefined;
    const names: readonly (keyof ServerPayloads)[] = Object.keys(
      serverEventSchemas,
    ) as (keyof typeof serverEventSchemas)[];
    expect(typed).toEqual({ ok: true, seq: 1, n: 1, ts });
    const all: Record<keyof ServerPayloads, true> = {
      hello: true,
      events: true,
      head: true,
      resync: true,
      typing: true,
      presence: true,
      marks: true,
      notice: true,
      drain: true,
      closing: true,
      revoked: true,
    };
    expect([...names].sort()).toEqual(Object.keys(all).sort());
  });
});
