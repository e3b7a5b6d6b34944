import { expect, test } from "vitest";
import { assertAck, assertPayload, WireShapeError } from "./wire-shapes.ts";

test("an answer or event of the documented shape passes, any other is thrown", () => {
  assertAck("leave", { ok: true });
  assertPayload("revoked", { reason: "token_expired" });
  expect(() => assertAck("leave", { ok: true, more: 1 })).toThrow(WireShapeError);
  expect(() => assertAck("send", { ok: true })).toThrow(WireShapeError);
  expect(() => assertPayload("revoked", { reason: "because" })).toThrow(WireShapeError);
  expect(() => assertPayload("surprise", {})).toThrow("not documented");
});
