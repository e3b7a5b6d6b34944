import {
  type CommandOk,
  type Key,
  ParleyError,
  RestCreateRoomSchema,
  RestUpdateRoomSchema,
  type RoomCreated,
  type RoomId,
  RoomParamsSchema,
  RoomsQuerySchema,
  wireError,
} from "@parley/protocol";
import type { Asker } from "../../actors/asker.ts";
import type { CommandRequest, CreateRequest } from "../../actors/command-desk.ts";
import { bodyCheck, textCheck } from "./checks.ts";
import { isKnown, roomTag } from "./conditions.ts";
import type { Answer } from "./endpoint.ts";
import { derivedKey, replayed } from "./idempotency.ts";
import { pageAnswer, pageItemsDefault } from "./pages.ts";
import type { Surface } from "./surface.ts";

const restCreateRoomBody = bodyCheck(RestCreateRoomSchema);
const roomsQuery = textCheck(RoomsQuerySchema);
const restUpdateRoomBody = bodyCheck(RestUpdateRoomSchema);
const roomParams = textCheck(RoomParamsSchema);

/** Rooms as a whole: creating, finding, showing, changing. */
export function roomEndpoints(surface: Surface): void {
  createRoom(surface);
  findRooms(surface);
  showRoom(surface);
  changeRoom(surface);
}

function createRoom({ endpoints, desks, deadlineMs }: Surface): void {
  endpoints.known({
    method: "POST",
    path: "/v1/rooms",
    body: restCreateRoomBody,
    answer: async ({ asker, key, body, settle }) => {
      const request = { key, ...body };
      const { room, applied } = settle(await desks.commands.create(asker, request, deadlineMs));
      const headers = { location: `/v1/rooms/${room}` };
      if (applied.event !== undefined && !applied.replayed) {
        return { status: 201, body: createdRoom(room, request, applied), headers };
      }
      // The room was there before: show it as it is now, or, if that cannot be read, as it was asked for.
      const now = await desks.reads.room(asker, room, applied);
      const { kind, name, head, n } = now.ok ? now.body : createdRoom(room, request, applied);
      const shown: RoomCreated = { room, kind, ...(name !== undefined && { name }), head, n };
      return { status: 200, body: shown, headers: { ...headers, ...replayed(applied) } };
    },
  });
}

const createdRoom = (room: RoomId, { kind, name }: CreateRequest, { seq, n }: CommandOk): RoomCreated => ({
  room,
  kind,
  ...(name !== undefined && { name }),
  head: seq,
  n,
});

function findRooms({ endpoints, desks }: Surface): void {
  endpoints.known({
    method: "GET",
    path: "/v1/rooms",
    query: roomsQuery,
    answer: async ({ asker, query: { q: query, cursor, limit = pageItemsDefault }, request, settle }) => {
      const outcome = await desks.reads.publicRooms(asker, { query, cursor, limit });
      return pageAnswer(request, settle(outcome).body);
    },
  });
}

function showRoom({ endpoints, desks }: Surface): void {
  endpoints.known({
    method: "GET",
    path: "/v1/rooms/:room",
    params: roomParams,
    answer: async ({ asker, params, request, settle }) => {
      const { body } = settle(await desks.reads.room(asker, params.room));
      const headers = { etag: roomTag(body), "cache-control": "private, no-cache" };
      if (isKnown(request.headers["if-none-match"], headers.etag)) return { status: 304, headers };
      return { status: 200, body, headers };
    },
  });
}

function changeRoom({ endpoints, desks, deadlineMs }: Surface): void {
  endpoints.known({
    method: "PATCH",
    path: "/v1/rooms/:room",
    params: roomParams,
    body: restUpdateRoomBody,
    answer: async ({ asker, key, params: { room }, body: { archived, ...settings }, settle }) => {
      const steps: (Pick<CommandRequest, "action"> & { readonly key: Key })[] = [];
      if (Object.keys(settings).length > 0) steps.push({ key, action: { kind: "room.update", ...settings } });
      if (archived !== undefined) {
        const step = { key: derivedKey(key, "archive"), action: { kind: "room.archive", archived } } as const;
        // An archived room changes no more: it is opened before its other changes and closed after them.
        if (archived) steps.push(step);
        else steps.unshift(step);
      }
      let applied: CommandOk | undefined;
      for (const step of steps) {
        ({ applied } = settle(await desks.commands.submit(asker, { room, ...step }, deadlineMs)));
      }
      if (applied === undefined) {
        throw new ParleyError(wireError("bad_request", "the body names nothing to change"));
      }
      return roomAnswer(desks, asker, { room, applied });
    },
  });
}

/** The room as the command left it; 204 when that cannot be shown, since it was done all the same. */
export async function roomAnswer(
  desks: Surface["desks"],
  asker: Asker,
  { room, applied }: { readonly room: RoomId; readonly applied: CommandOk },
): Promise<Answer> {
  const now = await desks.reads.room(asker, room, applied);
  if (!now.ok) return { status: 204, headers: replayed(applied) };
  return { status: 200, body: now.body, headers: { etag: roomTag(now.body), ...replayed(applied) } };
}
