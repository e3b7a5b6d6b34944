import {
  parseTokenId,
  parseUserId,
  reservedRoomPrefix,
  type Scope,
  scopes,
  userScopes,
} from "@parley/protocol";
import type { VerifyOutcome } from "./identity.ts";

const nameCodePointsMax = 64;
/** The end of the year 9999: what a JavaScript date and RFC 3339 can still show. */
const secondsMax = 253_402_300_799;
const knownScopes: ReadonlySet<string> = new Set(scopes);

/**
 * The identity in a verified token's claims: `sub` (a user id, not one of the service's own) and `exp` are needed;
 * `name`, `jti` and `scope` (RFC 8693 §4.2: names between spaces) are used when there.
 *
 * `iat` decides whether a token is older than its user's revocation. So one that does not say it is older than any, and
 * one from after `latestIssueMs` is refused: it would outlive every revocation until then.
 */
export function identityOf(claims: unknown, latestIssueMs: number): VerifyOutcome {
  if (typeof claims !== "object" || claims === null) return unauthorized("the claims are no object");
  const { sub, exp, iat, name, jti, scope }: Readonly<Record<string, unknown>> = { ...claims };
  const userId = parseUserId(sub);
  if (userId === undefined) return unauthorized("`sub` is not a user id (1 to 64 of A-Z a-z 0-9 _ -)");
  if (userId.startsWith(reservedRoomPrefix)) return unauthorized("`sub` names an id of the service's own");
  if (typeof exp !== "number") return unauthorized("`exp` is missing");
  const issuedAtMs = typeof iat === "number" ? toMs(iat) : 0;
  if (issuedAtMs > latestIssueMs) return unauthorized("`iat` is in the future");
  if (scope !== undefined && typeof scope !== "string") return unauthorized("`scope` is no string");
  return {
    ok: true,
    identity: {
      userId,
      name: shownName(name),
      tokenId: parseTokenId(jti),
      scopes: scopesOf(scope),
      bot: false,
      issuedAtMs,
      expiresAtMs: toMs(exp),
    },
  };
}

const toMs = (seconds: number): number => Math.min(Math.max(seconds, 0), secondsMax) * 1_000;

/** A `scope` claim limits the token to what it names; names of other services are not ours to judge. */
function scopesOf(claim: string | undefined): ReadonlySet<Scope> {
  if (claim === undefined) return new Set(userScopes);
  return new Set(claim.split(" ").filter((name): name is Scope => knownScopes.has(name)));
}

function shownName(claim: unknown): string | undefined {
  if (typeof claim !== "string") return undefined;
  const name = Array.from(claim.toWellFormed().trim()).slice(0, nameCodePointsMax).join("");
  return name === "" ? undefined : name;
}

const unauthorized = (message: string) => ({ ok: false, code: "unauthorized", message }) as const;
