import { wireError } from "@parley/protocol";
import type { Authenticator } from "../../actors/authenticator.ts";
import type { RequestLimits } from "../../actors/request-limits.ts";
import { busy, type Handlers } from "./event-router.ts";

/** For a token that lives until it is revoked. */
const never = "9999-12-31T23:59:59.999Z";

/** The handler of a fresh token for a socket that is to outlive its first one. */
export function refreshHandler(
  authenticator: Pick<Authenticator, "authenticate">,
  requestLimits: Pick<RequestLimits, "account">,
): Pick<Handlers, "auth.refresh"> {
  return {
    "auth.refresh": async ({ session, payload }) => {
      const { error } = await requestLimits.account(session.userId);
      if (error !== undefined) return { ok: false, error };
      const authentication = await session.reads.run(() => authenticator.authenticate(payload.token));
      if (authentication === undefined) return busy();
      if (!authentication.ok) return authentication;
      const { identity } = authentication;
      if (identity.userId !== session.userId) {
        return { ok: false, error: wireError("forbidden", "the token is another user's") };
      }
      session.refresh(identity);
      const expiresAt =
        identity.expiresAtMs === undefined ? never : new Date(identity.expiresAtMs).toISOString();
      return { ok: true, expiresAt };
    },
  };
}
