import { expect, test } from "vitest";
import { parseInput } from "./input.ts";

test.each([
  ["hello there ", { kind: "say", text: "hello there" }],
  ["//quit is a command", { kind: "say", text: "/quit is a command" }],
  ["   ", { kind: "nothing" }],
  ["/quit", { kind: "quit" }],
  ["/edit 12  new  text", { kind: "edit", seq: 12, text: "new text" }],
  ["/delete 3", { kind: "delete", seq: 3 }],
  ["/react 3 👍🏽", { kind: "react", seq: 3, emoji: "👍🏽" }],
  ["/unreact 3 :party:", { kind: "unreact", seq: 3, emoji: ":party:" }],
])("%j is read as %o", (line, input) => {
  expect(parseInput(line)).toEqual(input);
});

test.each(["/dance", "/edit", "/edit 3", "/edit x y", "/react 0 👍", "/delete -1", "/"])(
  "%j is refused with a reason",
  (line) => {
    expect(parseInput(line).kind).toBe("wrong");
  },
);
