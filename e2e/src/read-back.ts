import { isFinal, type RoomEvent, type RoomId } from "@parley/protocol";
import { type Invocation, type HistoryRecorder, type RoomRecord, type SocketIoPeer } from "@parley/testing";
import type { Person } from "./world.ts";

/** Everything the server says of these rooms now: their logs, and their messages by pages of several sizes and both ways. */
export function readBack(
  reader: Person,
  rooms: readonly RoomId[],
  earlierLogs: ReadonlyMap<RoomId, readonly (readonly RoomEvent[])[]> = new Map(),
): Promise<RoomRecord[]> {
  return Promise.all(
    rooms.map(async (room) => {
      const { epoch, events: log } = await reader.rest.log(room);
      const pages = await Promise.all([
        reader.rest.messages(room, 200),
        reader.rest.messages(room, 37),
        reader.rest.messagesBackwards(room, 53),
      ]);
      return { room, epoch, log, earlierLogs: earlierLogs.get(room) ?? [], pages };
    }),
  );
}

/** How the rooms stand to `person` by REST, where no SDK remembers what it saw: marks and unread at these heads. */
export async function recordStanding(
  person: Person,
  heads: ReadonlyMap<RoomId, number>,
  recorder: HistoryRecorder,
): Promise<void> {
  for (const { room, mark, unread } of await person.rest.myRooms()) {
    const head = heads.get(room);
    if (head === undefined) continue;
    recorder.marked({ room, user: person.userId, device: `rest of ${person.userId}`, mark, unread, head });
  }
}

/** Asks again what was answered before, with the same keys, and takes down the answers: they must be the first ones. */
export async function askAgain(
  peer: SocketIoPeer,
  invocations: readonly Invocation[],
  recorder: HistoryRecorder,
): Promise<number> {
  for (const invocation of invocations) {
    const { kind, ...fields } = invocation.action;
    const payload = { ...fields, room: invocation.room, key: invocation.key };
    const [answer] = (await peer.askAnything(kind, [payload])) as [
      | { readonly ok: true; readonly seq: number }
      | { readonly ok: false; readonly error: { readonly code: never } },
    ];
    if (answer.ok) recorder.acknowledged(invocation, answer.seq);
    else if (isFinal(answer.error.code)) recorder.refused(invocation, answer.error.code);
    else throw new Error(`asked again, ${invocation.key} got ${JSON.stringify(answer)}`);
  }
  return invocations.length;
}
