import { describe, expect, test } from "vitest";
import { frame, opcodes } from "./raw-web-socket.ts";

/** The payload of a masked frame whose head has `headBytes`. */
function unmasked(bytes: Buffer, headBytes: number): Buffer {
  const mask = bytes.subarray(headBytes, headBytes + 4);
  return Buffer.from(bytes.subarray(headBytes + 4).map((byte, index) => byte ^ (mask[index % 4] ?? 0)));
}

describe("a frame", () => {
  test("is what RFC 6455 says for each size of payload", () => {
    const short = frame("hi");
    expect([...short.subarray(0, 2)]).toEqual([0x81, 0x82]);
    expect(unmasked(short, 2).toString()).toBe("hi");
    const middle = frame("x".repeat(300));
    expect([...middle.subarray(0, 4)]).toEqual([0x81, 0xfe, 1, 44]);
    expect(unmasked(middle, 4).length).toBe(300);
    const long = frame(Buffer.alloc(70_000, 7));
    expect([...long.subarray(0, 10)]).toEqual([0x81, 0xff, 0, 0, 0, 0, 0, 1, 17, 112]);
    expect(unmasked(long, 10).every((byte) => byte === 7)).toBe(true);
  });

  test("is as wrong as asked for", () => {
    expect(frame("x", { masked: false }).toString("hex")).toBe("810178");
    expect(frame("", { opcode: opcodes.ping, fin: false, reserved: 5 })[0]).toBe(0x59);
  });
});
