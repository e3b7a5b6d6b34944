import type { Writable } from "node:stream";
import * as ws from "ws";
import { describe, expect, it } from "vitest";
import { encodeEventsFrame } from "./frame.ts";

/** In ws, but not in its types. */
const { Receiver } = ws as unknown as {
  readonly Receiver: new (options: { readonly isServer: boolean }) => Writable;
};

/** Reads `bytes` as `ws` would on a client. */
function read(bytes: Uint8Array): readonly string[] {
  const messages: string[] = [];
  const receiver = new Receiver({ isServer: false });
  receiver.on("message", (data: Buffer) => messages.push(data.toString()));
  receiver.write(Buffer.from(bytes));
  return messages;
}

describe("a frame of events", () => {
  it.each([0, 1, 100, 112, 113, 114, 65_522, 65_523, 65_524, 200_000])(
    "holds a payload of %i bytes as the one argument of the event",
    (length) => {
      const payload = Buffer.from(`"${"x".repeat(length)}"`);
      expect(read(encodeEventsFrame(payload))).toEqual([`42["events",${payload.toString()}]`]);
    },
  );

  it("keeps the payload's bytes", () => {
    const payload = Buffer.from(JSON.stringify({ text: "grüße 👋🏽" }));
    expect(read(encodeEventsFrame(payload))).toEqual([`42["events",${payload.toString()}]`]);
  });
});
