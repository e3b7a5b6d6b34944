import { ParleyError, wireError } from "@parley/protocol";
import { scopeFault } from "../../actors/asker.ts";
import type { PresenceAgent } from "../../actors/presence-agent.ts";
import type { RequestLimits } from "../../actors/request-limits.ts";
import { busy, type Handlers } from "./event-router.ts";

type PresenceEvent = "presence.set" | "presence.watch" | "presence.unwatch";

/** Handlers of who is online. To watch users is to read: the roster is asked for each. */
export function presenceHandlers(
  presence: Pick<PresenceAgent, "setStatus" | "watch" | "unwatch">,
  requestLimits: Pick<RequestLimits, "read">,
): Pick<Handlers, PresenceEvent> {
  return {
    "presence.set": async ({ session, payload }) => {
      presence.setStatus(session.userId, payload.status, payload.text);
      return { ok: true };
    },
    "presence.watch": async ({ session, payload }) => {
      const fault = scopeFault(session, "rooms:read") ?? (await requestLimits.read(session.userId)).error;
      if (fault !== undefined) return { ok: false, error: fault };
      try {
        const users = await session.reads.run(async () =>
          // One that has ended would watch for ever: it was forgotten already.
          session.open ? presence.watch(session.sessionId, payload.users) : undefined,
        );
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
