import { PagingQuerySchema, UsersQuerySchema } from "@parley/protocol";
import { textCheck } from "./checks.ts";
import { pageAnswer, pageItemsDefault } from "./pages.ts";
import type { Surface } from "./surface.ts";

const pagingQuery = textCheck(PagingQuerySchema);
const usersQuery = textCheck(UsersQuerySchema);

/** Users: myself, my rooms, and whom I can find. */
export function userEndpoints({ endpoints, desks }: Surface): void {
  endpoints.known({
    method: "GET",
    path: "/v1/me",
    answer: async ({ asker, settle }) => ({
      status: 200,
      body: settle(await desks.directory.me(asker)).body,
    }),
  });
  endpoints.known({
    method: "GET",
    path: "/v1/me/rooms",
    query: pagingQuery,
    answer: async ({ asker, query: { cursor, limit = pageItemsDefault }, request, settle }) =>
      pageAnswer(request, settle(await desks.reads.overview(asker, { cursor, limit })).body),
  });
  endpoints.known({
    method: "GET",
    path: "/v1/users",
    query: usersQuery,
    answer: async ({ asker, query: { q: query, cursor, limit = pageItemsDefault }, request, settle }) =>
      pageAnswer(request, settle(await desks.directory.users(asker, { query, cursor, limit })).body),
  });
}
