import {
  type Action,
  type CommandOk,
  type MemberPut,
  MemberParamsSchema,
  PagingQuerySchema,
  PutBanSchema,
  PutMemberSchema,
  type Role,
  RoomParamsSchema,
} from "@parley/protocol";
import { optionalBodyCheck, textCheck } from "./checks.ts";
import type { Answer, Call } from "./endpoint.ts";
import { derivedKey, replayed } from "./idempotency.ts";
import { pageAnswer, pageItemsDefault } from "./pages.ts";
import { roomAnswer } from "./rooms.ts";
import type { Surface } from "./surface.ts";

const pagingQuery = textCheck(PagingQuerySchema);
const putMemberBody = optionalBodyCheck(PutMemberSchema);
const putBanBody = optionalBodyCheck(PutBanSchema);
const roomParams = textCheck(RoomParamsSchema);
const memberParams = textCheck(MemberParamsSchema);
/** The reason of a moderating call that has no place for it in its body. */
const reasonCharactersMax = 500;

/** Who is in a room, and who may not be. */
export function memberEndpoints(surface: Surface): void {
  joinAndLeave(surface);
  listMembers(surface);
  putMember(surface);
  removeMember(surface);
  bans(surface);
}

function joinAndLeave({ endpoints, desks, deadlineMs }: Surface): void {
  endpoints.known({
    method: "POST",
    path: "/v1/rooms/:room/join",
    params: roomParams,
    answer: async ({ asker, key, params: { room }, settle }) => {
      const request = { room, key, action: { kind: "member.join" } } as const;
      const { applied } = settle(await desks.commands.submit(asker, request, deadlineMs));
      return roomAnswer(desks, asker, { room, applied });
    },
  });
  endpoints.known({
    method: "POST",
    path: "/v1/rooms/:room/leave",
    params: roomParams,
    answer: async ({ asker, key, params: { room }, settle }) => {
      const request = { room, key, action: { kind: "member.leave" } } as const;
      return done(settle(await desks.commands.submit(asker, request, deadlineMs)).applied);
    },
  });
}

function listMembers({ endpoints, desks }: Surface): void {
  endpoints.known({
    method: "GET",
    path: "/v1/rooms/:room/members",
    params: roomParams,
    query: pagingQuery,
    answer: async ({ asker, params, query: { cursor, limit = pageItemsDefault }, request, settle }) => {
      const outcome = await desks.reads.members(asker, params.room, { cursor, limit });
      return pageAnswer(request, settle(outcome).body);
    },
  });
}

/** Adding one who is there already changes nothing, so a role that was asked for is given by a second command. */
function putMember({ endpoints, desks, deadlineMs }: Surface): void {
  endpoints.known({
    method: "PUT",
    path: "/v1/rooms/:room/members/:user",
    params: memberParams,
    body: putMemberBody,
    answer: async ({ asker, key, params: { room, user }, body: { role }, settle }) => {
      const submit = async (action: Action, actionKey = key): Promise<CommandOk> =>
        settle(await desks.commands.submit(asker, { room, key: actionKey, action }, deadlineMs)).applied;
      const added = await submit({ kind: "member.add", user, ...(role !== undefined && { role }) });
      const isNew = added.event !== undefined && !added.replayed;
      if (!isNew && role !== undefined) {
        await submit({ kind: "member.role", user, role }, derivedKey(key, "role"));
      }
      return { status: 200, body: memberOf({ room, user }, role, added), headers: replayed(added) };
    },
  });
}

function memberOf(
  member: Pick<MemberPut, "room" | "user">,
  asked: Role | undefined,
  { event }: CommandOk,
): MemberPut {
  const role = asked ?? (event?.kind === "member.added" ? event.role : undefined);
  return role === undefined ? member : { ...member, role };
}

/** Removing oneself is leaving, which needs no right over others. */
function removeMember({ endpoints, desks, deadlineMs }: Surface): void {
  endpoints.known({
    method: "DELETE",
    path: "/v1/rooms/:room/members/:user",
    params: memberParams,
    answer: async ({ asker, key, params: { room, user }, settle }) => {
      const action =
        user === asker.identity.userId
          ? ({ kind: "member.leave" } as const)
          : ({ kind: "member.remove", user } as const);
      return done(settle(await desks.commands.submit(asker, { room, key, action }, deadlineMs)).applied);
    },
  });
}

function bans({ endpoints, desks, deadlineMs }: Surface): void {
  const path = "/v1/rooms/:room/bans/:user";
  endpoints.known({
    method: "PUT",
    path,
    params: memberParams,
    body: putBanBody,
    answer: async ({ asker, key, params: { room, user }, body, request, settle }) => {
      const reason = body.reason ?? auditReason(request);
      const action = { kind: "member.ban", user, ...(reason !== undefined && { reason }) } as const;
      return done(settle(await desks.commands.submit(asker, { room, key, action }, deadlineMs)).applied);
    },
  });
  endpoints.known({
    method: "DELETE",
    path,
    params: memberParams,
    answer: async ({ asker, key, params: { room, user }, settle }) => {
      const request = { room, key, action: { kind: "member.unban", user } } as const;
      return done(settle(await desks.commands.submit(asker, request, deadlineMs)).applied);
    },
  });
}

function auditReason({ headers }: Call["request"]): string | undefined {
  const reason = headers["x-audit-reason"];
  return typeof reason === "string" && reason !== "" ? reason.slice(0, reasonCharactersMax) : undefined;
}

export const done = (applied: CommandOk): Answer => ({ status: 204, headers: replayed(applied) });
