import { EventsQuerySchema, PutReadSchema, RoomParamsSchema } from "@parley/protocol";
import { bodyCheck, textCheck } from "./checks.ts";
import type { Surface } from "./surface.ts";

const eventsQuery = textCheck(EventsQuerySchema);
const putReadBody = bodyCheck(PutReadSchema);
const roomParams = textCheck(RoomParamsSchema);
const eventsDefault = 200;

/** A room's order: runs of its events, and the place up to which I have read. */
export function eventEndpoints({ endpoints, desks }: Surface): void {
  endpoints.known({
    method: "GET",
    path: "/v1/rooms/:room/events",
    params: roomParams,
    query: eventsQuery,
    answer: async ({ asker, params, query: { after, limit = eventsDefault }, settle }) => {
      const { body } = settle(await desks.reads.events(asker, params.room, { after, limit }));
      return { status: 200, body };
    },
  });
  endpoints.known({
    method: "POST",
    path: "/v1/rooms/:room/read",
    params: roomParams,
    body: putReadBody,
    answer: async ({ asker, params, body: { seq }, settle }) => {
      const { body } = settle(await desks.reads.markRead(asker, params.room, seq));
      return { status: 200, body };
    },
  });
}
