import { mustParse, parseKey, ParleyError } from "@parley/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { derivedKey, freshKey, idempotencyKeyOf } from "./idempotency.ts";

/** Visible ASCII that can stand bare: a leading quote would begin a quoted one. */
const keyText = fc
  .string({
    unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCodePoint(code)),
    minLength: 1,
    maxLength: 255,
  })
  .filter((text) => !text.startsWith('"'));
const quoted = (text: string) => `"${text.replaceAll(/["\\]/gu, String.raw`\$&`)}"`;

describe("an idempotency key", () => {
  test("is one id, the same quoted or bare, and another for another text", () => {
    fc.assert(
      fc.property(keyText, keyText, (one, other) => {
        const key = idempotencyKeyOf(one);
        expect(parseKey(key)).toBe(key);
        expect(idempotencyKeyOf(quoted(one))).toBe(key);
        expect(idempotencyKeyOf(other) === key).toBe(other === one);
      }),
    );
  });

  test("is itself when it is an id", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/u), (id) => {
        expect(idempotencyKeyOf(id)).toBe(id);
      }),
    );
  });

  test("is absent, or refused, or an id: whatever the field holds", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.array(fc.string())), (field) => {
        expect(parseKey(keyOrCode(field))).toBeDefined();
      }),
    );
    expect(idempotencyKeyOf(undefined)).toBeUndefined();
  });

  test("gives a second command a key as fixed as its own, and unlike it", () => {
    const key = mustParse(parseKey, "k1");
    expect(derivedKey(key, "role")).toBe(derivedKey(key, "role"));
    expect(new Set([key, derivedKey(key, "role"), derivedKey(key, "archive")]).size).toBe(3);
  });

  test("of our own making tells its time", () => {
    expect(freshKey(1_780_000_000_000)).toMatch(/^019e7044-8800-7/u);
  });
});

/** Anything but a catalogue error is a bug, and thrown. */
function keyOrCode(field: string | readonly string[]): string | undefined {
  try {
    return idempotencyKeyOf(field);
  } catch (error) {
    if (error instanceof ParleyError) return error.code;
    throw error;
  }
}
