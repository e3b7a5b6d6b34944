import type { JoinDesk } from "../../actors/join-desk.ts";
import { busy, type Handlers } from "./event-router.ts";

/** Handlers of opening and closing rooms. They run in the order asked, one at a time in a session. */
export function roomHandlers(joins: Pick<JoinDesk, "join" | "leave">): Pick<Handlers, "join" | "leave"> {
  return {
    join: async ({ session, payload, afterAck }) => {
      const outcome = await session.seating.run(() => joins.join(session, payload.rooms));
      if (outcome === undefined) return busy();
      if (!outcome.ok) return outcome;
      afterAck(outcome.acknowledged);
      return { ok: true, rooms: outcome.rooms };
    },
    leave: async ({ session, payload }) => {
      const left = await session.seating.run(async () => {
        joins.leave(session, payload.room);
        return { ok: true } as const;
      });
      return left ?? busy();
    },
  };
}
