import { CreateGuestSchema } from "@parley/protocol";
import { bodyCheck } from "./checks.ts";
import type { Surface } from "./surface.ts";

const createGuestBody = bodyCheck(CreateGuestSchema);

/** A user and a token for whoever asks, where the deployment has guests. */
export function guestEndpoints({ endpoints, desks }: Surface): void {
  endpoints.open({
    method: "POST",
    path: "/v1/guests",
    body: createGuestBody,
    answer: async ({ body: { name }, request, settle }) => ({
      status: 201,
      body: settle(await desks.guests.issue(name, request.ip)).body,
    }),
  });
}
