import {
  type ActionOf,
  type CommandOk,
  type Key,
  MessageParamsSchema,
  MessagesQuerySchema,
  type MessageView,
  type PageQuery,
  ParleyError,
  PatchMessageSchema,
  PostMessageSchema,
  type RoomId,
  RoomParamsSchema,
  type UserId,
  wireError,
} from "@parley/protocol";
import { decodeMessagePlace } from "../../actors/page-cursor.ts";
import { bodyCheck, textCheck } from "./checks.ts";
import { expectedVersion, isKnown, messageTag } from "./conditions.ts";
import { replayed } from "./idempotency.ts";
import { done } from "./members.ts";
import { pageAnswer, pageItemsDefault } from "./pages.ts";
import type { Surface } from "./surface.ts";

const postMessageBody = bodyCheck(PostMessageSchema);
const messagesQuery = textCheck(MessagesQuerySchema);
const patchMessageBody = bodyCheck(PatchMessageSchema);
const roomParams = textCheck(RoomParamsSchema);
const messageParams = textCheck(MessageParamsSchema);
const messagesPath = "/v1/rooms/:room/messages";
const messagePath = `${messagesPath}/:seq`;

/** Messages: sending, reading, editing, deleting. */
export function messageEndpoints(surface: Surface): void {
  postMessage(surface);
  listMessages(surface);
  showMessage(surface);
  editMessage(surface);
  deleteMessage(surface);
}

function postMessage({ endpoints, desks, deadlineMs }: Surface): void {
  endpoints.known({
    method: "POST",
    path: messagesPath,
    params: roomParams,
    body: postMessageBody,
    answer: async ({ asker, key, params: { room }, body, settle }) => {
      const action = { kind: "send", ...body } as const;
      const { applied } = settle(await desks.commands.submit(asker, { room, key, action }, deadlineMs));
      const sent = sentMessage({ room, author: asker.identity.userId, key, action }, applied);
      const location = `/v1/rooms/${room}/messages/${applied.seq}`;
      if (!applied.replayed) {
        return { status: 201, body: sent, headers: { location, etag: messageTag(sent) } };
      }
      // It may have been edited since. If it cannot be read, what was sent is still true.
      const now = await desks.reads.message(asker, { room, seq: applied.seq }, applied);
      const body200 = now.ok ? now.body : sent;
      const headers = { location, etag: messageTag(body200), ...replayed(applied) };
      return { status: 200, body: body200, headers };
    },
  });
}

interface Sending {
  readonly room: RoomId;
  readonly author: UserId;
  readonly key: Key;
  readonly action: ActionOf<"send">;
}

/** A message as it is right after it was sent. The event says who is mentioned in the end. */
function sentMessage({ room, author, key, action }: Sending, { seq, n, ts, event }: CommandOk): MessageView {
  const { text, replyTo, metadata } = action;
  const mentions = event?.kind === "message.created" ? event.mentions : undefined;
  return {
    room,
    seq,
    n,
    ts,
    author,
    key,
    text,
    version: 1,
    deleted: false,
    pinned: false,
    ...(replyTo !== undefined && { replyTo }),
    ...(mentions !== undefined && { mentions }),
    ...(metadata !== undefined && { metadata }),
    reactions: [],
    lastSeq: seq,
  };
}

function listMessages({ endpoints, desks }: Surface): void {
  endpoints.known({
    method: "GET",
    path: messagesPath,
    params: roomParams,
    query: messagesQuery,
    answer: async ({ asker, params, query, request, settle }) => {
      const outcome = await desks.reads.messages(asker, params.room, pageQueryOf(query));
      return pageAnswer(request, settle(outcome).body);
    },
  });
}

type MessagesQuery = Partial<PageQuery> & { readonly cursor?: string };

function pageQueryOf({ cursor, limit = pageItemsDefault, ...places }: MessagesQuery): PageQuery {
  const named = Object.keys(places).length + (cursor === undefined ? 0 : 1);
  if (named > 1) {
    throw new ParleyError(wireError("bad_request", "cursor, before, after and around exclude each other"));
  }
  const place = cursor === undefined ? places : decodeMessagePlace(cursor);
  if (place === undefined) throw new ParleyError(wireError("bad_request", "not a cursor of this list"));
  return { ...place, limit };
}

function showMessage({ endpoints, desks }: Surface): void {
  endpoints.known({
    method: "GET",
    path: messagePath,
    params: messageParams,
    answer: async ({ asker, params, request, settle }) => {
      const { body } = settle(await desks.reads.message(asker, params));
      const headers = { etag: messageTag(body), "cache-control": "private, no-cache" };
      if (isKnown(request.headers["if-none-match"], headers.etag)) return { status: 304, headers };
      return { status: 200, body, headers };
    },
  });
}

/** Answers the message as it is then; 204 when it cannot be read, since the edit was done all the same. */
function editMessage({ endpoints, desks, deadlineMs }: Surface): void {
  endpoints.known({
    method: "PATCH",
    path: messagePath,
    params: messageParams,
    body: patchMessageBody,
    answer: async ({ asker, key, params: { room, seq }, body, request, settle }) => {
      const action = { kind: "edit", seq, ...body, ...ifVersion(request.headers["if-match"]) } as const;
      const { applied } = settle(await desks.commands.submit(asker, { room, key, action }, deadlineMs));
      const now = await desks.reads.message(asker, { room, seq }, applied);
      if (!now.ok) return done(applied);
      return { status: 200, body: now.body, headers: { etag: messageTag(now.body), ...replayed(applied) } };
    },
  });
}

function deleteMessage({ endpoints, desks, deadlineMs }: Surface): void {
  endpoints.known({
    method: "DELETE",
    path: messagePath,
    params: messageParams,
    answer: async ({ asker, key, params: { room, seq }, request, settle }) => {
      const action = { kind: "delete", seq, ...ifVersion(request.headers["if-match"]) } as const;
      return done(settle(await desks.commands.submit(asker, { room, key, action }, deadlineMs)).applied);
    },
  });
}

function ifVersion(field: string | undefined): { readonly ifVersion?: number } {
  const version = expectedVersion(field);
  return version === undefined ? {} : { ifVersion: version };
}
