import { randomBytes } from "node:crypto";
import type { Accounts } from "@parley/accounts";
import { signGuestToken } from "@parley/auth";
import {
  type GuestCreated,
  type Limits,
  mustParse,
  parseUserId,
  type WireError,
  wireError,
} from "@parley/protocol";
import type { RateLimiter } from "@parley/rate-limiter";
import { type RateStatus, RequestLimits } from "./request-limits.ts";

const idBytes = 12;

/** How guests' tokens are signed, so that this deployment's verifier accepts them. */
export interface GuestSigning {
  readonly secret: string;
  readonly ttlMs: number;
  readonly issuer: string | undefined;
  readonly audience: string | undefined;
}

export type GuestOutcome = (
  | { readonly ok: true; readonly body: GuestCreated }
  | { readonly ok: false; readonly error: WireError }
) & { readonly rate: RateStatus | undefined };

export interface GuestDeskParts {
  readonly accounts: Pick<Accounts, "putUser">;
  readonly limits: Limits;
  readonly rateLimiter: RateLimiter;
  readonly clock: { readonly nowMs: () => number };
  /** `undefined`: this deployment has no guests. */
  readonly signing: GuestSigning | undefined;
}

/** Hands a new user and their token to whoever asks. For trying things out; production refuses to start with it. */
export class GuestDesk {
  readonly #parts: GuestDeskParts;
  readonly #requestLimits: RequestLimits;

  constructor(parts: GuestDeskParts) {
    this.#parts = parts;
    this.#requestLimits = new RequestLimits(parts.rateLimiter, parts.limits);
  }

  /** Rejects with `AccountsUnavailableError` when the user cannot be remembered. */
  async issue(name: string, address: string): Promise<GuestOutcome> {
    const { accounts, clock, signing } = this.#parts;
    if (signing === undefined) return { ok: false, error: wireError("guests_disabled"), rate: undefined };
    const { status, error } = await this.#requestLimits.guest(address);
    if (error !== undefined) return { ok: false, error, rate: status };
    const userId = mustParse(parseUserId, `g_${randomBytes(idBytes).toString("base64url")}`);
    const nowMs = clock.nowMs();
    const createdAt = new Date(nowMs).toISOString();
    await accounts.putUser({ userId, name, bot: false, ownerId: undefined, createdAt });
    const token = signGuestToken(signing.secret, { ...signing, userId, name });
    const expiresAt = new Date(nowMs + signing.ttlMs).toISOString();
    return { ok: true, body: { userId, token, expiresAt }, rate: status };
  }
}
