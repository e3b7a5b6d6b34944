import { setTimeout as pause } from "node:timers/promises";
import { type ClientEventName, clientEventNames, errorCodes, type RoomId } from "@parley/protocol";
import { frame, RestClient, type SeededRandom, SocketIoPeer } from "@parley/testing";
import type { Person, World } from "./world.ts";

const answerMs = 10_000;

export interface FuzzCounts {
  inputs: number;
  accepted: number;
  closed: number;
  readonly refused: Map<string, number>;
  /** Inputs that got what no input may get: silence, an internal error, or an answer outside the catalogue. */
  readonly wrong: string[];
}

export const freshCounts = (): FuzzCounts => ({
  inputs: 0,
  accepted: 0,
  closed: 0,
  refused: new Map(),
  wrong: [],
});

const strings = [
  "",
  "r",
  "no id",
  "__proto__",
  "constructor",
  "toString",
  "\u0000",
  "\ud800",
  "🦜",
  "x".repeat(300),
  "../..",
  "%2e",
];
const numbers = [0, -1, 1, 0.5, 2 ** 31, 2 ** 53, -(2 ** 53), 1e308];

/** Any JSON value, seldom deep. */
function anything(random: SeededRandom, depth = 0): unknown {
  const scalar = () =>
    random.pick<() => unknown>([
      () => random.pick(strings),
      () => random.pick(numbers),
      () => random.text(random.between(0, 40)),
      () => random.chance(0.5),
      () => null,
    ])();
  if (depth > 4 || random.chance(0.5)) return scalar();
  const length = random.between(0, 4);
  if (random.chance(0.5)) return Array.from({ length }, () => anything(random, depth + 1));
  return Object.fromEntries(
    Array.from({ length }, () => [random.pick(fieldNames), anything(random, depth + 1)]),
  );
}

const fieldNames = [
  "room",
  "rooms",
  "key",
  "text",
  "seq",
  "kind",
  "user",
  "users",
  "limit",
  "after",
  "before",
  "cursor",
  "emoji",
  "role",
  "metadata",
  "mentions",
  "token",
  "__proto__",
  "length",
];

/** A sound payload of each event: what it is broken from. */
// oxlint-disable-next-line typescript/consistent-return -- every event has its case, and the compiler holds that
function soundPayload(event: ClientEventName, random: SeededRandom, room: RoomId): Record<string, unknown> {
  const addressed = { room, key: crypto.randomUUID() };
  const seq = random.between(1, 200);
  switch (event) {
    case "send":
      return { ...addressed, text: random.text(random.between(1, 60)) };
    case "edit":
      return { ...addressed, seq, text: random.text(random.between(1, 60)) };
    case "delete":
    case "pin":
    case "unpin":
      return { ...addressed, seq };
    case "react":
    case "unreact":
      return { ...addressed, seq, emoji: random.pick(["+1", "🦜", ":ok:"]) };
    case "command":
      return {
        ...addressed,
        kind: random.pick(["member.add", "member.remove", "member.ban"]),
        user: "somebody",
      };
    case "create":
      return {
        key: crypto.randomUUID(),
        kind: random.pick(["group", "public", "broadcast"]),
        name: random.text(5),
      };
    case "join":
      return {
        rooms: [{ room, ...(random.chance(0.5) ? { cursor: { epoch: random.between(1, 2), seq } } : {}) }],
      };
    case "history":
      return { room, [random.pick(["before", "after", "around"])]: seq, limit: random.between(1, 200) };
    case "events":
      return { room, after: seq, limit: random.between(1, 1_000) };
    case "read":
      return { room, seq };
    case "leave":
      return { room };
    case "rooms":
      return { limit: random.between(1, 200) };
    case "typing":
      return { room, on: random.chance(0.5) };
    case "presence.set":
      return { status: "away", text: random.text(10) };
    case "presence.watch":
    case "presence.unwatch":
      return { users: ["somebody"] };
    case "auth.refresh":
      return { token: random.text(30) };
  }
}

/** A payload with one fault: a field too many, too few, or of another kind. */
function almostSound(random: SeededRandom, payload: Record<string, unknown>): Record<string, unknown> {
  const names = Object.keys(payload);
  const broken = { ...payload };
  if (random.chance(0.3)) delete broken[random.pick(names)];
  else broken[random.chance(0.7) ? random.pick(names) : random.pick(fieldNames)] = anything(random);
  return broken;
}

/** One actor that throws inputs at the server, one after the other, over one socket at a time. */
export class Fuzzer implements Disposable {
  readonly #world: World;
  readonly #person: Person;
  readonly #room: RoomId;
  readonly #random: SeededRandom;
  readonly #counts: FuzzCounts;
  #peer: SocketIoPeer | undefined;

  constructor(
    at: { readonly world: World; readonly person: Person; readonly room: RoomId },
    random: SeededRandom,
    counts: FuzzCounts,
  ) {
    this.#world = at.world;
    this.#person = at.person;
    this.#room = at.room;
    this.#random = random;
    this.#counts = counts;
  }

  async run(inputs: number): Promise<void> {
    for (let input = 0; input < inputs; input += 1) {
      this.#counts.inputs += 1;
      const kind = this.#random.next();
      if (kind < 0.6) await this.#askOverSocket();
      else if (kind < 0.75) await this.#sendPacket();
      else if (kind < 0.8) await this.#sendBytes();
      else await this.#request();
    }
  }

  [Symbol.dispose](): void {
    this.#peer?.[Symbol.dispose]();
  }

  /** `shared` by all inputs until one of them gets it closed. */
  async #socket(): Promise<SocketIoPeer> {
    if (this.#peer?.socket.open !== true) {
      this.#peer = await SocketIoPeer.connect(this.#world.url, this.#person.token, { keep: false });
    }
    return this.#peer;
  }

  async #askOverSocket(): Promise<void> {
    const random = this.#random;
    const peer = await this.#socket();
    const event = random.pick(clientEventNames);
    const sound = soundPayload(event, random, this.#room);
    const dice = random.next();
    const payload = dice < 0.2 ? anything(random) : dice < 0.6 ? almostSound(random, sound) : sound;
    const what = `${event} ${JSON.stringify(payload)}`;
    const answer = await answered(peer.askAnything(event, [payload]));
    if (answer === "silent") this.#counts.wrong.push(`silence after ${what}`);
    else if (answer === "closed") this.#counts.closed += 1;
    else
      this.#judge(answer[0] as { readonly ok?: boolean; readonly error?: { readonly code?: string } }, what);
  }

  /** Something that is no sound packet; the next question shows whether the connection has survived it. */
  async #sendPacket(): Promise<void> {
    const random = this.#random;
    const peer = await this.#socket();
    const head = random.pick([
      "42",
      "420",
      "43",
      "45",
      "451-",
      "40",
      "40/x,",
      "41",
      "44",
      "2",
      "3",
      "6",
      "",
      "42/x,",
    ]);
    peer.packet(
      head + random.pick([JSON.stringify(anything(random)), random.text(random.between(0, 60)), '["', "[]"]),
    );
    const answer = await answered(peer.askAnything("rooms", [{}]));
    if (answer === "closed") this.#counts.closed += 1;
    else if (answer === "silent") this.#counts.wrong.push(`silence after a packet ${head}…`);
    else this.#counts.accepted += 1;
  }

  /** Bytes that are a frame only by chance: the connection is given up. */
  async #sendBytes(): Promise<void> {
    const random = this.#random;
    const peer = await this.#socket();
    const bytes = random.bytes(random.between(1, 400));
    const options = {
      opcode: random.between(0, 15),
      reserved: random.pick([0, 0, 4, 2]),
      fin: random.chance(0.7),
    };
    peer.socket.sendBytes(random.chance(0.5) ? bytes : frame(bytes, options));
    await peer.socket.drained();
    peer[Symbol.dispose]();
    this.#counts.closed += 1;
  }

  async #request(): Promise<void> {
    const random = this.#random;
    const method = random.pick(["GET", "POST", "PUT", "PATCH", "DELETE"]);
    const path = anyPath(random, this.#room);
    const bodied = method !== "GET" && random.chance(0.8);
    const body = random.chance(0.2) ? random.text(random.between(1, 50)) : JSON.stringify(anything(random));
    const key = random.chance(0.5) ? crypto.randomUUID() : undefined;
    const token = random.chance(0.9) ? this.#person.token : random.text(20).replaceAll(/[^a-z]/giu, "x");
    const rest = new RestClient(this.#world.url, token);
    const what = `${method} ${path} ${bodied ? body : ""}`;
    const answer = await rest.request<{ readonly code?: string }>(method, path, {
      ...(bodied ? { body } : {}),
      ...(key === undefined ? {} : { key }),
    });
    if (answer.status < 300) this.#counts.accepted += 1;
    else this.#judge({ ok: false, error: answer.body ?? {} }, `${what} (${answer.status})`);
  }

  #judge(answer: { readonly ok?: boolean; readonly error?: { readonly code?: string } }, what: string): void {
    const code = answer.error?.code ?? "none";
    if (answer.ok === true) {
      this.#counts.accepted += 1;
    } else if (code === "internal" || !(errorCodes as readonly string[]).includes(code)) {
      this.#counts.wrong.push(`${code} for ${what.slice(0, 400)}`);
    } else {
      this.#counts.refused.set(code, (this.#counts.refused.get(code) ?? 0) + 1);
    }
  }
}

const segments = [
  "messages",
  "events",
  "members",
  "bans",
  "read",
  "join",
  "reactions",
  "x",
  "1",
  "0",
  "-1",
  "%00",
  "..",
  "me",
  "rooms",
];

function anyPath(random: SeededRandom, room: RoomId): string {
  const start = random.pick([
    "/v1/rooms",
    `/v1/rooms/${room}`,
    "/v1/me/rooms",
    "/v1/users",
    "/v1/bots",
    "/v1",
    "/v1/rooms/nowhere",
  ]);
  const more = Array.from({ length: random.between(0, 2) }, () => `/${random.pick(segments)}`).join("");
  const query = random.chance(0.4)
    ? `?${random.pick(["limit", "after", "before", "around", "cursor", "q", "kind", "x"])}=${encodeURIComponent(random.pick(["", "1", "-1", "1e9", "a", "public", "\u0000", "🦜"]))}`
    : "";
  return start + more + query;
}

async function answered(
  question: Promise<readonly unknown[]>,
): Promise<readonly unknown[] | "silent" | "closed"> {
  const given = new AbortController();
  const silence = pause(answerMs, "silent" as const, { signal: given.signal });
  silence.catch(() => undefined);
  const answer = await Promise.race([question.catch(() => "closed" as const), silence]);
  given.abort();
  return answer;
}
