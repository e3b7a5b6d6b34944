import { type EventRun, utf8Bytes, type WireError, wireError } from "@parley/protocol";
import type { JoinDesk } from "../../actors/join-desk.ts";
import type { ReadDesk, ReadOutcome } from "../../actors/read-desk.ts";
import type { Session } from "../../actors/session.ts";
import { busy, type Handlers } from "./event-router.ts";

const pageItems = 50;

export interface ReadHandlerParts {
  readonly reads: Pick<ReadDesk, "messages" | "events" | "markRead" | "overview">;
  readonly joins: Pick<JoinDesk, "pulled">;
  readonly limits: { readonly catchUpEventsMax: number; readonly joinBytesMax: number };
}

type Answer<Body> = ({ readonly ok: true } & Body) | { readonly ok: false; readonly error: WireError };

/** Handlers of what only reads. */
export function readHandlers({
  reads,
  joins,
  limits,
}: ReadHandlerParts): Pick<Handlers, "history" | "events" | "read" | "rooms"> {
  return {
    history: async ({ session, payload }) => {
      const { room, limit = pageItems, ...place } = payload;
      if (Object.values(place).filter((seq) => seq !== undefined).length > 1) {
        return { ok: false, error: wireError("bad_request", "at most one of before, after and around") };
      }
      return inLine(session, () => reads.messages({ identity: session.identity }, room, { ...place, limit }));
    },
    events: async ({ session, payload, afterAck }) => {
      const { room, after, limit = limits.catchUpEventsMax } = payload;
      const answer = await inLine(session, () =>
        reads.events({ identity: session.identity }, room, { after, limit }),
      );
      if (!answer.ok) return answer;
      const run = { ...answer, events: prefixWithin(answer.events, limits.joinBytesMax) };
      const last = run.events.at(-1)?.seq ?? run.first - 1;
      afterAck(() => joins.pulled(session, room, { epoch: run.epoch, last, head: run.head }));
      return run;
    },
    read: async ({ session, payload }) =>
      inLine(session, () => reads.markRead({ identity: session.identity }, payload.room, payload.seq)),
    rooms: async ({ session, payload }) => {
      const { cursor, limit = pageItems } = payload;
      return inLine(session, () => reads.overview({ identity: session.identity }, { cursor, limit }));
    },
  };
}

async function inLine<Body>(session: Session, read: () => Promise<ReadOutcome<Body>>): Promise<Answer<Body>> {
  const outcome = await session.reads.run(read);
  if (outcome === undefined) return busy();
  return outcome.ok ? { ok: true, ...outcome.body } : { ok: false, error: outcome.error };
}

/** As many events as fit, at least one: a run may always be cut, its `head` says that there is more. */
function prefixWithin(events: EventRun["events"], bytesMax: number): EventRun["events"] {
  let bytes = 0;
  const end = events.findIndex((event, index) => {
    bytes += utf8Bytes(JSON.stringify(event));
    return index > 0 && bytes > bytesMax;
  });
  return end < 0 ? events : events.slice(0, end);
}
