import { frame, opcodes, type RawWebSocket } from "@parley/testing";

/** What no client should send over an authenticated socket, and what the server makes of it. */
export interface HostileInput {
  readonly name: string;
  readonly send: (socket: RawWebSocket) => void;
  /**
   * `closes`: the connection must end. `either`: it may also be ignored, as long as the server stays sound; then a later
   * request on the same connection is answered.
   */
  readonly outcome: "closes" | "either";
}

const packet = (name: string, text: string, outcome: HostileInput["outcome"] = "either"): HostileInput => ({
  name,
  send: (socket) => socket.send(text),
  outcome,
});

const bytes = (
  name: string,
  make: () => readonly Buffer[],
  outcome: HostileInput["outcome"] = "closes",
): HostileInput => ({
  name,
  send: (socket) => {
    for (const chunk of make()) socket.sendBytes(chunk);
  },
  outcome,
});

const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);

export const hostileInputs: readonly HostileInput[] = [
  packet("an event that is an object", "42{}"),
  packet("an event without a name", "42[]"),
  packet("an event whose name is a number", "42[7]"),
  packet("the reserved event connect", '42["connect"]'),
  packet("the reserved event disconnect", '42["disconnect"]'),
  packet("the reserved event error", '42["error"]'),
  packet("an event named by an object", '42[{"toString":1}]'),
  packet("an event named __proto__", '42["__proto__"]'),
  packet("an event named constructor, with an acknowledgement", '421["constructor",{}]'),
  packet("an event that does not exist", '422["no-such-event",{}]'),
  packet("an event with two payloads", '423["rooms",{},{}]'),
  packet("an event without a payload", '424["send"]'),
  packet("an event without an acknowledgement", '42["send",{"room":"r","key":"k","text":"t"}]'),
  packet("a huge acknowledgement id", `42${"9".repeat(400)}["rooms",{}]`),
  packet("an answer to a question that nobody asked", '4312345["yes"]'),
  packet("a binary event without its attachment", '451-["send",{"_placeholder":true,"num":9}]'),
  packet("a binary event with a million attachments", '451000000-["send",{"_placeholder":true,"num":0}]'),
  packet("a binary acknowledgement", '461-1["a",{"_placeholder":true,"num":0}]'),
  packet("a second CONNECT", '40{"token":"again"}'),
  packet("a CONNECT to another namespace", "40/admin,{}"),
  packet("an event to another namespace", '42/admin,["rooms",{}]'),
  packet("a namespace of a thousand characters", `40/${"n".repeat(1_000)},{}`),
  packet("a heartbeat, which is the server's to send", "2"),
  packet("an answer to no heartbeat", "3"),
  packet("an unknown packet type of Engine.IO", "9hello"),
  packet("an unknown packet type of Socket.IO", "49[]"),
  packet("an upgrade of the transport", "5"),
  packet("an empty message", ""),
  packet("JSON that does not parse", '42["rooms",{'),
  packet("JSON a thousand levels deep", `425["rooms",${nested(1_000)}]`),
  packet("JSON twenty thousand levels deep", `426["rooms",${nested(20_000)}]`),
  packet("a prototype in a payload", '427["rooms",{"__proto__":{"limit":1}}]'),
  packet("numbers that are none", '428["history",{"room":"r","limit":1e999}]'),
  packet("a lone surrogate", '429["send",{"room":"r","key":"k","text":"\\udc00"}]'),
  packet("a disconnect", "41", "either"),
  packet("a close of Engine.IO", "1"),
  packet("a frame over the size limit", `42["rooms",{"cursor":"${"x".repeat(80_000)}"}]`, "closes"),
  bytes("text that is no UTF-8", () => [frame(Buffer.from([0x34, 0x32, 0xff, 0xfe, 0xc0]))]),
  bytes("a frame without a mask", () => [frame("2", { masked: false })]),
  bytes("a reserved bit", () => [frame("2", { reserved: 4 })]),
  bytes("an unknown opcode", () => [frame("2", { opcode: 11 })]),
  bytes("a continuation of nothing", () => [frame("2", { opcode: opcodes.continuation })]),
  bytes("a new message inside a fragmented one", () => [frame("42", { fin: false }), frame("2")]),
  bytes("a fragmented ping", () => [frame("", { opcode: opcodes.ping, fin: false })]),
  bytes("a ping of 126 bytes", () => [frame("x".repeat(126), { opcode: opcodes.ping })]),
  bytes("a close with half a code", () => [frame("x", { opcode: opcodes.close })]),
  bytes("a close with a reserved code", () => [frame(Buffer.from([0x03, 0xed]), { opcode: opcodes.close })]),
  bytes("a length of 2^62", () => [Buffer.from([0x81, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4])]),
  bytes("a message in a hundred thousand empty fragments", () => [
    frame("42", { fin: false }),
    ...Array.from({ length: 100_000 }, () => frame("", { opcode: opcodes.continuation, fin: false })),
  ]),
  bytes(
    "ten thousand namespaces",
    () => Array.from({ length: 10_000 }, (_, index) => frame(`40/n${index},{}`)),
    "either",
  ),
  bytes(
    "binary where text is expected",
    () => [frame(Buffer.from([4, 2, 91, 93]), { opcode: opcodes.binary })],
    "either",
  ),
];
