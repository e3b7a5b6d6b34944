import { mustParse, parseUserId } from "@parley/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeMessagePlace, decodeUserPlace, encodeMessagePlace, encodeUserPlace } from "./page-cursor.ts";

const seq = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const place = fc.oneof(
  seq.map((before) => ({ before })),
  seq.map((after) => ({ after })),
);

test("a place of messages comes back as it was", () => {
  fc.assert(
    fc.property(place, (one) => {
      expect(decodeMessagePlace(encodeMessagePlace(one))).toEqual(one);
    }),
  );
});

test("a place of users comes back as it was", () => {
  const ids = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/u).map((id) => mustParse(parseUserId, id));
  fc.assert(
    fc.property(ids, (id) => {
      expect(decodeUserPlace(encodeUserPlace(id))).toBe(id);
    }),
  );
});

test("whatever else is given is no place, or one that could have been given", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const found = decodeMessagePlace(text);
      const seqs = Object.values(found ?? { none: 1 });
      expect(seqs.every((value) => Number.isSafeInteger(value) && value > 0)).toBe(true);
    }),
  );
  expect(decodeUserPlace(encodeMessagePlace({ before: 7 }))).toBeUndefined();
  expect(decodeMessagePlace(encodeUserPlace(mustParse(parseUserId, "a7")))).toBeUndefined();
});
