import { expect, it } from "vitest";
import { welcomeLines } from "./welcome.ts";

const started = { url: "http://127.0.0.1:3000", startedInMs: 900, dataDir: "./data" };

it("begins with ready and the address", () => {
  expect(welcomeLines({ ...started, guest: undefined })[0]).toBe("ready http://127.0.0.1:3000");
});

it("warns of guests, and shows two commands that can be pasted as they are", () => {
  const text = welcomeLines({ ...started, guest: { token: "t0", room: "r_1" } }).join("\n");
  expect(text).toContain("GUEST TOKENS ARE ON");
  expect(text).toContain("npm run chat -- --room lobby --name ann");
  expect(text).toContain("curl -X POST http://127.0.0.1:3000/v1/rooms/r_1/messages");
});

it("shows no command for a lobby that could not be opened", () => {
  const text = welcomeLines({ ...started, guest: { token: "t0", room: undefined } }).join("\n");
  expect(text).toContain("GUEST TOKENS ARE ON");
  expect(text).not.toContain("curl");
});

it("says nothing of guests where there are none", () => {
  expect(welcomeLines({ ...started, guest: undefined }).join("\n")).not.toContain("GUEST");
});
