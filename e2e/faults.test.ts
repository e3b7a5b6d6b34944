import { type EventsPayload, mustParse, parseKey, type RoomId, uuidV7 } from "@parley/protocol";
import { checkHistory, HistoryRecorder, report, type SocketIoPeer, type Violation } from "@parley/testing";
import { describe, expect, test, vi } from "vitest";
import { within } from "./src/deadline.ts";
import { Device } from "./src/device.ts";
import { askAgain, readBack, recordStanding } from "./src/read-back.ts";
import { recordWire, takesOut } from "./src/wire-device.ts";
import { type Person, World } from "./src/world.ts";

const messages = 40;
/** A sound run ends as soon as everybody has everything, however slow the machine; a faulty one does not wait for long. */
const deliveryDeadlineMs = (faults: readonly string[]) => (faults.length === 0 ? 60_000 : 2_000);

const invariants = (violations: readonly Violation[]) =>
  [...new Set(violations.map(({ invariant }) => invariant))].sort();

const has = (peer: SocketIoPeer, room: RoomId, seq: number): Promise<EventsPayload> =>
  peer.next("events", (run) => run.room === room && run.events.some((event) => event.seq >= seq));

const orNot = async (faults: readonly string[], promise: Promise<unknown>): Promise<void> => {
  await within(deliveryDeadlineMs(faults), "a delivery", promise).catch(() => undefined);
};

/** Many messages, a member who only listens, and one who is removed half-way; nobody loses a connection. */
async function delivered(faults: readonly string[]): Promise<readonly Violation[]> {
  await using world = await World.start({ faults });
  const [ada, bob, cy] = (await world.people("Ada", "Bob", "Cy")) as [Person, Person, Person];
  const room = await world.room(ada, bob, cy);
  const recorder = new HistoryRecorder();
  using bobs = await world.peerIn(bob, room);
  using cys = await world.peerIn(cy, room);
  for (const [peer, person] of [
    [bobs, bob],
    [cys, cy],
  ] as const) {
    recordWire(peer, { room, person, device: `wire of ${person.userId}`, recorder });
  }
  for (let sent = 0; sent < messages / 2; sent += 1) await ada.rest.post(room, `before ${sent}`);
  const removed = cys.next("events", (run) => takesOut(run, cy));
  await ada.rest.removeMember(room, cy.userId);
  await orNot(faults, removed);
  let last = 0;
  for (let sent = 0; sent < messages / 2; sent += 1) last = (await ada.rest.post(room, `after ${sent}`)).seq;
  await orNot(faults, has(bobs, room, last));
  if (cys.socket.open) await cys.ask("rooms", {});
  return checkHistory(recorder.finish(await readBack(ada, [room])));
}

/** The same messages to an SDK. */
async function appliedBySdk(faults: readonly string[], sdk: { readonly skipRepair?: boolean }) {
  await using world = await World.start({ faults });
  const [ada, bob] = (await world.people("Ada", "Bob")) as [Person, Person];
  const room = await world.room(ada, bob);
  const recorder = new HistoryRecorder();
  await using device = new Device({ name: "bob", url: world.url, person: bob, recorder, faults: sdk });
  await device.open([room]);
  let last = 0;
  for (let sent = 0; sent < messages; sent += 1) last = (await ada.rest.post(room, `message ${sent}`)).seq;
  if (faults.length > 0) await hurryPast(ada, { room, last, device, faults });
  await orNot(faults, device.reaches(room, last));
  return checkHistory(recorder.finish(await readBack(ada, [room])));
}

/** A faulty node may have dropped the newest entry, which only a later one shows: so there are some more. */
async function hurryPast(
  ada: Person,
  {
    room,
    last,
    device,
    faults,
  }: {
    readonly room: RoomId;
    readonly last: number;
    readonly device: Device;
    readonly faults: readonly string[];
  },
): Promise<void> {
  for (let more = 0; more < 3; more += 1) await ada.rest.post(room, `one more ${more}`);
  await orNot(faults, device.reaches(room, last + 3));
}

/** A message is acknowledged, and at that moment the server is killed; later its author asks again. */
async function acknowledgedThenKilled(faults: readonly string[]): Promise<readonly Violation[]> {
  await using world = await World.start({ faults });
  const ada = await world.person("Ada");
  const room = await world.room(ada);
  // The fault strikes the room's making too; what is to be lost is the message in it.
  await vi.waitFor(() => ada.rest.log(room), { timeout: 30_000 });
  const recorder = new HistoryRecorder();
  const asked = { room, author: ada.userId, key: mustParse(parseKey, crypto.randomUUID()) };
  using peer = await world.peer(ada);
  recorder.invoked({ ...asked, action: { kind: "send", text: "kept?" }, session: "ada" });
  const answer = await peer.ask("send", { room, key: asked.key, text: "kept?" });
  if (answer.ok) recorder.acknowledged(asked, answer.seq);
  await world.killAndRestart();
  return checkHistory(recorder.finish(await readBack(ada, [room])));
}

/** A message is asked for again, under its key, of a server that was started anew. */
async function askedAgainLater(faults: readonly string[]): Promise<readonly Violation[]> {
  await using world = await World.start({ faults });
  const ada = await world.person("Ada");
  const room = await world.room(ada);
  const recorder = new HistoryRecorder();
  const asked = { room, author: ada.userId, key: mustParse(parseKey, uuidV7(Date.now())) };
  recorder.invoked({ ...asked, action: { kind: "send", text: "once" }, session: "ada" });
  for (let round = 0; round < 2; round += 1) {
    using peer = await world.peer(ada);
    await askAgain(peer, recorder.invocations, recorder);
    await world.killAndRestart();
  }
  return checkHistory(recorder.finish(await readBack(ada, [room])));
}

/** Messages, one of them deleted; a member reads some and then asks several times how the room stands. */
async function readAndListed(faults: readonly string[]): Promise<readonly Violation[]> {
  await using world = await World.start({ faults });
  const [ada, bob] = (await world.people("Ada", "Bob")) as [Person, Person];
  const room = await world.room(ada, bob);
  const recorder = new HistoryRecorder();
  const seqs: number[] = [];
  for (let sent = 0; sent < 6; sent += 1) seqs.push((await ada.rest.post(room, `message ${sent}`)).seq);
  await ada.rest.call("DELETE", `/v1/rooms/${room}/messages/${seqs[4]}`);
  await bob.rest.call("POST", `/v1/rooms/${room}/read`, { body: { seq: seqs[2] } });
  const { head } = await bob.rest.events(room, 0, 1);
  for (let look = 0; look < 4; look += 1) await recordStanding(bob, new Map([[room, head]]), recorder);
  return checkHistory(recorder.finish(await readBack(bob, [room])));
}

describe("the checker finds nothing in a sound server", () => {
  test("that delivers to sockets", async () => {
    expect(report(await delivered([]))).toBe("");
  });
  test("that is killed right after an acknowledgement", async () => {
    expect(report(await acknowledgedThenKilled([]))).toBe("");
  });
  test("that is asked again", async () => {
    expect(report(await askedAgainLater([]))).toBe("");
  });
  test("whose rooms are read and listed", async () => {
    expect(report(await readAndListed([]))).toBe("");
  });
  test("that an SDK listens to", async () => {
    expect(report(await appliedBySdk([], {}))).toBe("");
  });
});

describe("the checker finds", () => {
  // By what was applied, not by what had not come in time: that could be a slow machine.
  test.each([
    ["drop-live", "I3", /applied 9 after 7$/u],
    ["swap-live", "I3", /applied 8 after 9$/u],
    ["skip-repair", "I3", /applied 9 after 7$/u],
    ["deliver-after-removal", "I7", /received 23$/u],
  ] as const)("%s, as a violation of %s", async (fault, invariant, detail) => {
    const violations = await delivered([fault]);
    // The removal itself may be what is struck; then it shows as I7 too.
    const found = violations.filter((violation) => violation.invariant === invariant);
    expect(found.map((violation) => violation.detail)).toContainEqual(expect.stringMatching(detail));
  });

  test("ack-before-append, as a violation of I1", async () => {
    expect(invariants(await acknowledgedThenKilled(["ack-before-append"]))).toEqual(["I1"]);
  });

  test("forget-keys, as a violation of I2", async () => {
    expect(invariants(await askedAgainLater(["forget-keys"]))).toEqual(["I2"]);
  });

  test("lose-marks, as a violation of I11", async () => {
    const violations = await readAndListed(["lose-marks"]);
    expect(invariants(violations)).toEqual(["I11"]);
    expect(report(violations)).toContain("back to");
  });

  test("resurrect-deleted, as a violation of I10", async () => {
    expect(invariants(await readAndListed(["resurrect-deleted"]))).toEqual(["I10"]);
  });

  test("an SDK that skips repairs, as a violation of I3", async () => {
    expect(invariants(await appliedBySdk(["drop-live"], { skipRepair: true }))).toEqual(["I3"]);
  });

  test("nothing where an SDK repairs what a faulty node drops or swaps", async () => {
    expect(report(await appliedBySdk(["drop-live"], {}))).toBe("");
    expect(report(await appliedBySdk(["swap-live"], {}))).toBe("");
  });
});
