import { mustParse, parseSessionId, parseUserId } from "@parley/protocol";
import { describe, expect, it, vi } from "vitest";
import type { Session } from "../../actors/session.ts";
import { WorkQueue } from "../../actors/work-queue.ts";
import { presenceHandlers } from "./handle-presence.ts";

const ann = mustParse(parseUserId, "ann");

describe("watching users", () => {
  it("is nothing for a session that ended while it waited", async () => {
    const watch = vi.fn(async () => []);
    const presence = { watch, unwatch() {}, setStatus() {} };
    const read = async () => ({ error: undefined }) as never;
    const socket = Promise.withResolvers<void>();
    const session = {
      sessionId: mustParse(parseSessionId, "session-ann"),
      userId: ann,
      identity: { scopes: new Set(["rooms:read"]), bot: false },
      open: true,
      reads: new WorkQueue({ together: 1, waitingMax: 10, ready: () => socket.promise }),
    };
    const asked = presenceHandlers(presence, { read })["presence.watch"]({
      session: session as unknown as Session,
      payload: { users: [ann] },
      afterAck() {},
    });
    session.open = false;
    session.reads.close();
    socket.resolve();
    expect(await asked).toMatchObject({ ok: false });
    expect(watch).not.toHaveBeenCalled();
  });
});
