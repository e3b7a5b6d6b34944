import { ParleyError, wireError } from "@parley/protocol";
import type { PresenceAgent } from "../../actors/presence-agent.ts";
import { busy, type Handlers } from "./event-router.ts";

type PresenceEvent = "presence.set" | "presence.watch" | "presence.unwatch";

/** Handlers of who is online. */
export function presenceHandlers(
  presence: Pick<PresenceAgent, "setStatus" | "watch" | "unwatch">,
): Pick<Handlers, PresenceEvent> {
  return {
    "presence.set": async ({ session, payload }) => {
      presence.setStatus(session.userId, payload.status, payload.text);
      return { ok: true };
    },
    "presence.watch": async ({ session, payload }) => {
      try {
        const users = await session.reads.run(() => presence.watch(session.sessionId, payload.users));
        return users === undefined ? busy() : { ok: true, users };
      } catch (error) {
        if (!(error instanceof ParleyError)) throw error;
        return { ok: false, error: wireError(error.code, error.message) };
      }
    },
    "presence.unwatch": async ({ session, payload }) => {
      presence.unwatch(session.sessionId, payload.users);
      return { ok: true };
    },
  };
}
