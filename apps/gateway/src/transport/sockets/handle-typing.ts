import { WindowBudget } from "@parley/fanout";
import { type UserId, wireError } from "@parley/protocol";
import { LRUCache } from "lru-cache";
import { roomChannel, userChannel } from "./channels.ts";
import type { Handlers } from "./event-router.ts";
import type { IoServer } from "./io-server.ts";

/**
 * Typing notices of one user that are passed on in ten seconds, whatever the number of sessions: each goes to all who have
 * the room open. Further ones are dropped, as ephemeral things may be.
 */
const noticesMax = 60;
const typistsMax = 10_000;

/** The handler of typing: to all others who have the room open, on every node, and nowhere stored. */
export function typingHandler(io: Pick<IoServer, "to">, nowMs: () => number): Pick<Handlers, "typing"> {
  const budgets = new LRUCache<UserId, WindowBudget>({ max: typistsMax });
  const budgetOf = (user: UserId): WindowBudget => {
    const budget = budgets.get(user) ?? new WindowBudget(noticesMax);
    budgets.set(user, budget);
    return budget;
  };
  return {
    typing: async ({ session, payload: { room, on } }) => {
      if (!session.rooms.has(room)) return { ok: false, error: wireError("not_joined") };
      if (budgetOf(session.userId).take(nowMs())) {
        const others = io.to(roomChannel(room)).except(userChannel(session.userId));
        others.emit("typing", { room, user: session.userId, on });
      }
      return { ok: true };
    },
  };
}
