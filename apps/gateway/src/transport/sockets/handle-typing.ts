import { WindowBudget } from "@parley/fanout";
import { wireError } from "@parley/protocol";
import type { Session } from "../../actors/session.ts";
import { roomChannel, userChannel } from "./channels.ts";
import type { Handlers } from "./event-router.ts";
import type { IoServer } from "./io-server.ts";

/** Typing notices of one session that are passed on in ten seconds; further ones are dropped, as ephemeral things may be. */
const noticesMax = 60;

/** The handler of typing: to all others who have the room open, on every node, and nowhere stored. */
export function typingHandler(io: Pick<IoServer, "to">, nowMs: () => number): Pick<Handlers, "typing"> {
  const budgets = new WeakMap<Session, WindowBudget>();
  const budgetOf = (session: Session): WindowBudget => {
    const known = budgets.get(session) ?? new WindowBudget(noticesMax);
    budgets.set(session, known);
    return known;
  };
  return {
    typing: async ({ session, payload: { room, on } }) => {
      if (!session.rooms.has(room)) return { ok: false, error: wireError("not_joined") };
      if (budgetOf(session).take(nowMs())) {
        const others = io.to(roomChannel(room)).except(userChannel(session.userId));
        others.emit("typing", { room, user: session.userId, on });
      }
      return { ok: true };
    },
  };
}
