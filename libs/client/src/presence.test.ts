import { defaultLimits, type PresenceView, wireError } from "@parley/protocol";
import { describe, expect, test } from "vitest";
import { Presence } from "./presence.ts";
import { FakeClock, settle } from "./testing/fake-clock.ts";
import { ann, bob } from "./testing/room-log-model.ts";
import { scriptedRequest } from "./testing/scripted-request.ts";
import { Typists } from "./typists.ts";

const view = (version: number, status: PresenceView["status"]): PresenceView => ({
  user: bob,
  status,
  version,
});

function setUp(snapshots: readonly (readonly PresenceView[])[]) {
  const clock = new FakeClock();
  let watched = 0;
  const server = scriptedRequest({
    "presence.watch": () => {
      watched += 1;
      const users = snapshots[watched - 1];
      return users === undefined ? { ok: false, error: wireError("too_many_watched") } : { ok: true, users };
    },
    "presence.set": () => ({ ok: true }),
    "presence.unwatch": () => ({ ok: true }),
  });
  const backOff = { baseMs: 1, maxMs: 1 };
  const signal = new AbortController().signal;
  const presence = new Presence(server.request, { clock, backOff, patienceMs: 100, signal });
  const changes: string[] = [];
  presence.events.on("change", ({ status }) => changes.push(status));
  return { presence, changes, asked: () => server.asked };
}

describe("presence", () => {
  test("of two notices the one with the higher version holds", async () => {
    const { presence, changes } = setUp([[view(5, "online")]]);
    await presence.watch([bob]);
    presence.received([view(7, "away")]);
    presence.received([view(6, "busy")]);
    expect([presence.of(bob)?.status, changes]).toEqual(["away", ["online", "away"]]);
  });

  test("watches and the declared status come back with the connection, whatever the versions are there", async () => {
    const { presence, asked } = setUp([[view(5, "online")], [view(1, "offline")]]);
    await presence.watch([bob]);
    await presence.set("busy", "in a meeting");
    presence.up(defaultLimits);
    await settle();
    expect(presence.of(bob)?.status).toBe("offline");
    expect(asked().slice(2)).toEqual([
      ["presence.set", { status: "busy", text: "in a meeting" }],
      ["presence.watch", { users: [bob] }],
    ]);
  });

  test("of a user who is not watched nothing is kept", async () => {
    const { presence, changes } = setUp([[view(5, "online")]]);
    await presence.watch([bob]);
    await presence.unwatch([bob]);
    presence.received([view(6, "away"), { ...view(1, "online"), user: ann }]);
    expect([presence.of(bob), presence.of(ann), changes]).toEqual([undefined, undefined, ["online"]]);
  });

  test("a refused watch leaves nobody watched", async () => {
    const { presence, asked } = setUp([]);
    await expect(presence.watch([bob])).rejects.toMatchObject({ code: "too_many_watched" });
    presence.up(defaultLimits);
    expect(asked()).toHaveLength(1);
  });
});

test("typing ends by its notice or by its time, and is announced once", async () => {
  const clock = new FakeClock();
  const changes: string[] = [];
  const typists = new Typists({
    clock,
    typingMs: () => 6_000,
    onChange: (user, on) => changes.push(`${user} ${on ? "on" : "off"}`),
  });
  typists.heard(ann, true);
  typists.heard(bob, true);
  await clock.advance(4_000);
  typists.heard(bob, true);
  typists.heard(ann, false);
  await clock.advance(5_999);
  expect(typists.users).toEqual([bob]);
  await clock.advance(1);
  expect(changes).toEqual(["u_ann on", "u_bob on", "u_ann off", "u_bob off"]);
});
