import { describe, expect, it } from "vitest";
import {
  type Action,
  canonicalAction,
  clientEventSchemas,
  defaultLimits,
  errorCatalogue,
  fitsCodePoints,
  isFinal,
  limitNames,
  limitTable,
  limitVariable,
  mentionTokens,
  oversized,
  RoomCommandSchema,
  validator,
} from "./index.ts";

const checkSend = validator(clientEventSchemas.send);
const send = { room: "r1", key: "k1", text: "hello" };

describe("a checked payload", () => {
  it("passes when it has the documented shape", () => {
    expect(checkSend(send)).toEqual({ ok: true, value: send });
    expect(checkSend({ ...send, metadata: { a: [1, { b: null }] }, mentions: ["ann"] }).ok).toBe(true);
  });

  it.each([
    ["an unknown field", { ...send, colour: "red" }, "colour"],
    ["a missing field", { room: "r1", key: "k1" }, "text"],
    ["a wrong type", { ...send, text: 7 }, "/text"],
    ["an id outside the alphabet", { ...send, room: "r 1" }, "/room"],
    ["an empty text", { ...send, text: "" }, "/text"],
    ["a lone surrogate", { ...send, text: "a\ud800" }, "surrogate"],
    ["a lone surrogate in a name", { ...send, metadata: { "\udc00": 1 } }, "surrogate"],
    ["a number beyond any", { ...send, metadata: { n: JSON.parse("[1e400]") as unknown } }, "beyond any"],
    ["no object", "send", "/"],
    ["null", null, "/"],
    ["an own __proto__", JSON.parse('{"room":"r1","key":"k1","text":"x","__proto__":{"a":1}}'), "__proto__"],
  ])("is refused for %s, naming it", (_, payload, named) => {
    const checked = checkSend(payload);
    expect(checked).toMatchObject({ ok: false, error: { code: "bad_request" } });
    expect(JSON.stringify(checked)).toContain(named);
  });

  it("is refused when it nests too deep, before it is walked any further", () => {
    let deep: unknown = 1;
    for (let depth = 0; depth < 5_000; depth += 1) deep = [deep];
    expect(checkSend({ ...send, metadata: { deep } })).toMatchObject({ ok: false });
  });

  it("takes only the room commands that clients may ask", () => {
    const check = validator(RoomCommandSchema);
    expect(check({ room: "r1", key: "k", kind: "member.ban", user: "bob" }).ok).toBe(true);
    expect(
      check({ room: "r1", key: "k", kind: "access.revoke", subject: "user", id: "bob", until: "" }).ok,
    ).toBe(false);
    expect(check({ room: "r1", key: "k", kind: "member.ban" }).ok).toBe(false);
  });
});

describe("sizes", () => {
  const sized = (fields: Partial<Extract<Action, { kind: "send" }>>): Action => ({
    kind: "send",
    text: "x",
    ...fields,
  });

  it("counts code points, not units", () => {
    const limits = { ...defaultLimits, textCodePointsMax: 3 };
    expect(oversized(sized({ text: "🙂🙂🙂" }), limits)).toBeUndefined();
    expect(oversized(sized({ text: "🙂🙂🙂🙂" }), limits)).toMatchObject({ code: "too_large" });
    expect(fitsCodePoints("abcd", 3)).toBe(false);
  });

  it("counts metadata as encoded, and mentions of both kinds", () => {
    const limits = { ...defaultLimits, metadataBytesMax: 10, mentionsMax: 1 };
    expect(oversized(sized({ metadata: { a: "12345678" } }), limits)).toMatchObject({ code: "too_large" });
    expect(oversized(sized({ text: "<@ann> <@bob>" }), limits)).toMatchObject({ code: "too_large" });
    expect(mentionTokens("<@ann> <@bob> <@ann> <@>")).toEqual(["ann", "bob"]);
  });

  it("have defaults within their hard maxima and variables of their own", () => {
    for (const name of limitNames) expect(limitTable[name].default).toBeLessThanOrEqual(limitTable[name].max);
    expect(limitVariable("roomPinsMax")).toBe("PARLEY_LIMIT_ROOM_PINS_MAX");
    expect(new Set(limitNames.map(limitVariable)).size).toBe(limitNames.length);
  });
});

describe("canonical actions", () => {
  it("are equal for equal actions, whatever the order of their fields", () => {
    const left = canonicalAction({ kind: "send", text: "x", metadata: { a: 1, b: { c: 2, d: 3 } } });
    const right = canonicalAction({ metadata: { b: { d: 3, c: 2 }, a: 1 }, text: "x", kind: "send" });
    expect(left).toBe(right);
    expect(canonicalAction({ kind: "send", text: "y" })).not.toBe(
      canonicalAction({ kind: "send", text: "x" }),
    );
  });
});

it("keeps the codes apart that keep a key from those that are final", () => {
  const kept = (Object.keys(errorCatalogue) as (keyof typeof errorCatalogue)[]).filter(
    (code) => !isFinal(code),
  );
  expect(kept.sort()).toEqual(
    [
      "unknown",
      "busy",
      "unavailable",
      "not_attempted",
      "in_progress",
      "rate_limited",
      "slow_mode",
      "clock_skew",
    ]
      .concat(["no_such_room", "internal"])
      .sort(),
  );
});
