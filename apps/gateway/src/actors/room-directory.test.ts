import { FakeClock } from "@parley/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { RoomDirectory } from "./room-directory.ts";
import type { RoomFollowers } from "./room-followers.ts";
import { roomParts } from "./testing/room-parts.ts";
import { bob, FakeListener, room, ScriptedRoom } from "./testing/scripted-room.ts";

const wish = { cursor: undefined, bytesMax: 1_000 };

let world: ScriptedRoom;
let clock: FakeClock;
let followers: RoomFollowers;
let rooms: RoomDirectory;
beforeEach(() => {
  world = new ScriptedRoom();
  clock = new FakeClock();
  const parts = roomParts(world, clock);
  ({ followers } = parts);
  rooms = new RoomDirectory(parts);
});

async function seated(listener: FakeListener): Promise<void> {
  const opened = rooms.open(room);
  const { seat } = await opened.join(listener, wish);
  rooms.used(room);
  opened.acknowledged(seat!);
}

describe("a room that nobody has open any more", () => {
  it("is let go after a while when its last session was removed from it", async () => {
    await seated(new FakeListener(bob));
    world.ban(bob);
    expect(rooms.count).toBe(1);
    await clock.advance(80_000);
    expect([rooms.count, followers.count]).toEqual([0, 0]);
  });

  it("is let go when its continuity has ended and nobody joins again", async () => {
    await seated(new FakeListener(bob));
    world.epoch = 2;
    world.say(1);
    expect([rooms.count, followers.count]).toEqual([0, 0]);
  });

  it("is followed for one who is about to join it", async () => {
    await seated(new FakeListener(bob));
    const { promise, resolve } = Promise.withResolvers<void>();
    world.answers = promise;
    const joining = seated(new FakeListener(bob));
    world.ban(bob);
    world.members.add(bob);
    await clock.advance(80_000);
    resolve();
    await joining;
    expect(followers.count).toBe(1);
  });
});

describe("a directory that closes", () => {
  it("leaves nothing followed, whoever is just joining", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    world.answers = promise;
    const joining = rooms.open(room).join(new FakeListener(bob), wish);
    await clock.advance(0);
    rooms[Symbol.dispose]();
    resolve();
    await joining;
    rooms.used(room);
    expect([rooms.count, followers.count]).toEqual([0, 0]);
  });
});
