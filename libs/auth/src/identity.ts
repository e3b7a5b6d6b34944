import type { Scope, TokenId, UserId } from "@parley/protocol";

/** Who asks, as a verified token says. */
export interface Identity {
  readonly userId: UserId;
  readonly name: string | undefined;
  /** `jti`, or a bot token's id: what a revocation of this one token names. */
  readonly tokenId: TokenId | undefined;
  readonly scopes: ReadonlySet<Scope>;
  readonly bot: boolean;
  /** Milliseconds since 1970; 0 for a token that does not say it: it is older than any revocation of its user. */
  readonly issuedAtMs: number;
  /** Milliseconds since 1970; `undefined` for a token that lives until it is revoked. */
  readonly expiresAtMs: number | undefined;
}

export type TokenFault = "unauthorized" | "token_expired" | "unavailable";
export type VerifyOutcome =
  | { readonly ok: true; readonly identity: Identity }
  | { readonly ok: false; readonly code: TokenFault; readonly message: string };
