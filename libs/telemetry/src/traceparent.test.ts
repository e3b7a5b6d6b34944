import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { childTrace, continueTraceparent, formatTraceparent, parseTraceparent } from "./index.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const parentId = "00f067aa0ba902b7";
const sound = `00-${traceId}-${parentId}-01`;

const hex = (digits: number) =>
  fc
    .array(fc.constantFrom(...Array.from("0123456789abcdef")), { minLength: digits, maxLength: digits })
    .map((each) => each.join(""))
    .filter((text) => /[^0]/.test(text));

describe("a traceparent", () => {
  test("is read into its parts", () => {
    expect(parseTraceparent(sound)).toEqual({ traceId, parentId, sampled: true });
  });

  test("is what it was after formatting and parsing", () => {
    fc.assert(
      fc.property(hex(32), hex(16), fc.boolean(), (trace, parent, sampled) => {
        const context = { traceId: trace, parentId: parent, sampled };
        expect(parseTraceparent(formatTraceparent(context))).toEqual(context);
      }),
    );
  });

  test.each([
    ["nothing", ""],
    ["zero trace id", `00-${"0".repeat(32)}-${parentId}-01`],
    ["zero parent id", `00-${traceId}-${"0".repeat(16)}-01`],
    ["version ff", `ff-${traceId}-${parentId}-01`],
    ["upper case", sound.toUpperCase()],
    ["more after version 00", `${sound}-more`],
    ["a short trace id", `00-${traceId.slice(1)}-${parentId}-01`],
  ])("with %s is none", (_, text) => {
    expect(parseTraceparent(text)).toBeUndefined();
  });

  test("of a later version is read as far as version 00 goes", () => {
    expect(parseTraceparent(`01-${traceId}-${parentId}-03-more`)).toEqual({
      traceId,
      parentId,
      sampled: true,
    });
  });

  test("is handed on with the same trace, another parent and the same sampling", () => {
    const child = childTrace({ traceId, parentId, sampled: false });
    expect(child.traceId).toBe(traceId);
    expect(child.parentId).not.toBe(parentId);
    expect(child.sampled).toBe(false);
  });

  test("begins a new trace when what came in is missing or malformed", () => {
    for (const incoming of [undefined, "nonsense"]) {
      expect(parseTraceparent(continueTraceparent(incoming))).toMatchObject({ sampled: true });
    }
    expect(continueTraceparent(undefined)).not.toBe(continueTraceparent(undefined));
  });
});
