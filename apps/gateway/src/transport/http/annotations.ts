import { type Action, MessageParamsSchema, ReactionParamsSchema } from "@parley/protocol";
import { textCheck } from "./checks.ts";
import { done } from "./members.ts";
import type { Surface } from "./surface.ts";

const reactionParams = textCheck(ReactionParamsSchema);
const messageParams = textCheck(MessageParamsSchema);

/** What is put on a message: reactions and the pin. Putting twice is putting once. */
export function annotationEndpoints({ endpoints, desks, deadlineMs }: Surface): void {
  const reactions = [
    { method: "PUT", kind: "react" },
    { method: "DELETE", kind: "unreact" },
  ] as const;
  for (const { method, kind } of reactions) {
    endpoints.known({
      method,
      path: "/v1/rooms/:room/messages/:seq/reactions/:emoji",
      params: reactionParams,
      answer: async ({ asker, key, params: { room, seq, emoji }, settle }) => {
        const action: Action = { kind, seq, emoji };
        return done(settle(await desks.commands.submit(asker, { room, key, action }, deadlineMs)).applied);
      },
    });
  }
  const pins = [
    { method: "PUT", kind: "pin" },
    { method: "DELETE", kind: "unpin" },
  ] as const;
  for (const { method, kind } of pins) {
    endpoints.known({
      method,
      path: "/v1/rooms/:room/messages/:seq/pin",
      params: messageParams,
      answer: async ({ asker, key, params: { room, seq }, settle }) => {
        const action: Action = { kind, seq };
        return done(settle(await desks.commands.submit(asker, { room, key, action }, deadlineMs)).applied);
      },
    });
  }
}
