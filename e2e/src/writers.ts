import type { RoomId } from "@parley/protocol";
import { type HistoryRecorder, RestClient, type SeededRandom } from "@parley/testing";
import {
  isFinal,
  type ErrorCode,
  type Key,
  mustParse,
  parseKey,
  type MessageView,
  type Problem,
} from "@parley/protocol";
import type { Change, Device } from "./device.ts";
import type { Person } from "./world.ts";

/** Told of every final answer, so that others can act after so many of them. */
export interface Traffic {
  stopped: boolean;
  answered(): void;
}

/** All writers as one promise; they also stop, and nobody misses their failures, when a scenario fails elsewhere. */
export function untilStopped(
  writers: readonly Promise<void>[],
  traffic: Traffic,
  stack: AsyncDisposableStack,
): Promise<unknown> {
  const written = Promise.all(writers);
  written.catch(() => undefined);
  stack.defer(() => {
    traffic.stopped = true;
  });
  return written;
}

/** Something a person would do next: mostly a message, sometimes a change of one, seldom one they may not make. */
function nextChange(device: Device, room: RoomId, random: SeededRandom): Change {
  const known = device.messages(room);
  const own = known.filter((message) => message.own);
  const others = known.filter((message) => !message.own);
  const dice = random.next();
  if (dice < 0.1 && own.length > 0) return { kind: "edit", seq: random.pick(own).seq, text: random.text(20) };
  if (dice < 0.15 && own.length > 0) return { kind: "delete", seq: random.pick(own).seq };
  if (dice < 0.25 && known.length > 0) return { kind: "react", seq: random.pick(known).seq, emoji: "+1" };
  if (dice < 0.3 && known.length > 0) return { kind: "unreact", seq: random.pick(known).seq, emoji: "+1" };
  if (dice < 0.34 && others.length > 0) {
    return { kind: "edit", seq: random.pick(others).seq, text: "not mine" };
  }
  return { kind: "send", text: random.text(random.between(1, 200)) };
}

/** Changes rooms through the SDK, a few at a time, until the traffic stops; resolves when all are answered. */
export async function writeWith(
  device: Device,
  rooms: readonly RoomId[],
  { random, traffic }: { readonly random: SeededRandom; readonly traffic: Traffic },
): Promise<void> {
  while (!traffic.stopped) {
    const room = random.pick(rooms);
    const burst = Array.from({ length: random.between(1, 4) }, () =>
      device.change(room, nextChange(device, room, random)).then(() => traffic.answered()),
    );
    if (random.chance(0.3)) device.client.room(room).markRead(device.at(room));
    await Promise.all(burst);
  }
}

/** Posts like a bot: one message at a time, the same request with the same key until it is answered for good. */
export async function postLikeABot(
  bot: {
    readonly person: Person;
    readonly url: string;
    readonly room: RoomId;
    readonly recorder: HistoryRecorder;
  },
  { random, traffic }: { readonly random: SeededRandom; readonly traffic: Traffic },
): Promise<void> {
  const { person, url, room, recorder } = bot;
  const rest = new RestClient(url, person.token);
  while (!traffic.stopped) {
    const key = mustParse(parseKey, crypto.randomUUID());
    const text = random.text(random.between(1, 200));
    const asked = { room, author: person.userId, key };
    recorder.invoked({ ...asked, action: { kind: "send", text }, session: `bot of ${person.userId}` });
    const answer = await finalAnswer(rest, asked, text);
    if ("seq" in answer) recorder.acknowledged(asked, answer.seq);
    else recorder.refused(asked, answer.code);
    traffic.answered();
  }
}

async function finalAnswer(
  rest: RestClient,
  { room, key }: { readonly room: RoomId; readonly key: Key },
  text: string,
): Promise<{ readonly seq: number } | { readonly code: ErrorCode }> {
  for (;;) {
    const answer = await rest
      .request<MessageView & Problem>("POST", `/v1/rooms/${room}/messages`, { body: { text }, key })
      .catch(() => undefined);
    if (answer?.status === 200 || answer?.status === 201) return { seq: answer.body.seq };
    // No answer, or one that asks for another try: after the event loop had a turn, for nothing else is known to wait for.
    if (answer?.body?.code !== undefined && isFinal(answer.body.code)) return { code: answer.body.code };
    await new Promise<void>((done) => setTimeout(done, 20));
  }
}
