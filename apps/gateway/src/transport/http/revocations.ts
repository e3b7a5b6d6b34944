import { RevokeSchema } from "@parley/protocol";
import { bodyCheck } from "./checks.ts";
import type { Surface } from "./surface.ts";

const revokeBody = bodyCheck(RevokeSchema);

/** Taking access away from a user, a session or a token. */
export function revocationEndpoints({ endpoints, desks }: Surface): void {
  endpoints.known({
    method: "POST",
    path: "/v1/revocations",
    body: revokeBody,
    answer: async ({ asker, body, settle }) => {
      settle(await desks.revocations.revoke(asker, body));
      return { status: 204 };
    },
  });
}
