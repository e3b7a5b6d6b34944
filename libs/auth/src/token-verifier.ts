import { createHash, createSecretKey, type KeyObject } from "node:crypto";
import jwt from "jsonwebtoken";
import { LRUCache } from "lru-cache";
import { identityOf } from "./claims.ts";
import type { Identity, VerifyOutcome } from "./identity.ts";
import { KeySet, type PublicKeyAlgorithm } from "./key-set.ts";

/** A shared secret shorter than the digest weakens the signature (RFC 7518 §3.2). */
export const secretBytesMin = 32;
const tokenCharactersMax = 8_192;
const rememberedTokensMax = 10_000;
/** A verified token is checked anew after this, so a key that its provider withdrew is noticed. */
const rememberedMs = 300_000;

export interface TokenVerifierOptions {
  /** Shared with whoever signs (HS256); at least `secretBytesMin` bytes. */
  readonly secret: string | undefined;
  /** The identity provider's keys (RS256, ES256). Without it and without a secret they are discovered from `issuer`. */
  readonly jwks: { readonly url: string } | undefined;
  readonly issuer: string | undefined;
  readonly audience: string | undefined;
  readonly clockToleranceS: number;
  /** Milliseconds since 1970; the system's clock when left out. */
  readonly nowMs?: () => number;
}

export interface TokenVerifier {
  /**
   * Whether `token` is a JWT that one of the configured keys signed, for here, and is in force now. Never rejects.
   * `unavailable`: the provider's keys could not be fetched, so nothing is known about the token.
   */
  verify(token: string): Promise<VerifyOutcome>;
}

type Algorithm = "HS256" | PublicKeyAlgorithm;
type KeyChoice =
  | { readonly ok: true; readonly algorithm: Algorithm; readonly key: KeyObject }
  | Extract<VerifyOutcome, { ok: false }>;

/**
 * The key is chosen by the algorithm that the header claims, and the signature is then checked under that key's own
 * algorithm. So `none` has no key, and an HS256 token is only ever checked with the shared secret: signing one with the
 * provider's public key as the secret gains nothing.
 *
 * Throws `RangeError` for a short secret, `TypeError` when there is nothing to verify with.
 */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const nowMs = options.nowMs ?? Date.now;
  const secret = options.secret === undefined ? undefined : secretKey(options.secret);
  const keySet = keySetOf(options, nowMs);
  if (secret === undefined && keySet === undefined) {
    throw new TypeError("tokens need a secret, a JWKS address or an issuer to be verified with");
  }
  return new JwtVerifier({ options, nowMs, secret, keySet });
}

function secretKey(secret: string): KeyObject {
  const bytes = Buffer.from(secret);
  if (bytes.length < secretBytesMin) {
    throw new RangeError(`the secret has ${bytes.length} bytes; it needs ${secretBytesMin}`);
  }
  return createSecretKey(bytes);
}

function keySetOf({ secret, jwks, issuer }: TokenVerifierOptions, nowMs: () => number): KeySet | undefined {
  if (jwks !== undefined) return new KeySet({ kind: "jwks", url: jwks.url }, nowMs);
  if (secret !== undefined || issuer === undefined) return undefined;
  return new KeySet({ kind: "issuer", issuer }, nowMs);
}

interface VerifierParts {
  readonly options: TokenVerifierOptions;
  readonly nowMs: () => number;
  readonly secret: KeyObject | undefined;
  readonly keySet: KeySet | undefined;
}

class JwtVerifier implements TokenVerifier {
  readonly #parts: VerifierParts;
  readonly #verified: LRUCache<string, Identity>;

  constructor(parts: VerifierParts) {
    this.#parts = parts;
    this.#verified = new LRUCache<string, Identity>({
      max: rememberedTokensMax,
      ttl: rememberedMs,
      perf: { now: parts.nowMs },
      ttlResolution: 0,
    });
  }

  async verify(token: string): Promise<VerifyOutcome> {
    if (token.length > tokenCharactersMax) return unauthorized("the token is too long");
    const hash = createHash("sha256").update(token).digest("base64url");
    const remembered = this.#verified.get(hash);
    if (remembered !== undefined) {
      return this.#expired(remembered) ? expired() : { ok: true, identity: remembered };
    }
    const outcome = await this.#check(token);
    if (outcome.ok) this.#verified.set(hash, outcome.identity);
    return outcome;
  }

  async #check(token: string): Promise<VerifyOutcome> {
    const header = headerOf(token);
    if (header === undefined) return unauthorized("not a JWT");
    const choice = await this.#chooseKey(header);
    if (!choice.ok) return choice;
    const { issuer, audience, clockToleranceS } = this.#parts.options;
    try {
      const claims = jwt.verify(token, choice.key, {
        algorithms: [choice.algorithm],
        clockTolerance: clockToleranceS,
        clockTimestamp: Math.floor(this.#parts.nowMs() / 1_000),
        ...(issuer !== undefined && { issuer }),
        ...(audience !== undefined && { audience }),
      });
      return identityOf(claims, this.#parts.nowMs() + clockToleranceS * 1_000);
    } catch (error) {
      if (error instanceof jwt.TokenExpiredError) return expired();
      // jsonwebtoken's messages name the failed check, never a key.
      return unauthorized(error instanceof Error ? error.message : "the token is not valid");
    }
  }

  async #chooseKey({ alg, kid, crit }: jwt.JwtHeader): Promise<KeyChoice> {
    const { secret, keySet } = this.#parts;
    // RFC 7515 §4.1.11: what is critical and not understood makes the token invalid, and nothing is understood here.
    if (crit !== undefined) return unauthorized("tokens with critical header fields are not accepted here");
    if (alg === "HS256" && secret !== undefined) return { ok: true, algorithm: alg, key: secret };
    if ((alg !== "RS256" && alg !== "ES256") || keySet === undefined) {
      return unauthorized(`tokens signed with ${JSON.stringify(alg)} are not accepted here`);
    }
    const found = await keySet.lookup(kid);
    if (found.kind === "unknown") return unauthorized("the token's key is not known");
    if (found.kind === "unavailable") {
      return {
        ok: false,
        code: "unavailable",
        message: "the identity provider's keys cannot be fetched now",
      };
    }
    const { algorithm, key } = found.key;
    if (algorithm !== alg) return unauthorized("the token's key is of another algorithm");
    return { ok: true, algorithm, key };
  }

  #expired({ expiresAtMs }: Identity): boolean {
    const toleranceMs = this.#parts.options.clockToleranceS * 1_000;
    return expiresAtMs !== undefined && this.#parts.nowMs() >= expiresAtMs + toleranceMs;
  }
}

function headerOf(token: string): jwt.JwtHeader | undefined {
  try {
    return jwt.decode(token, { complete: true })?.header;
  } catch {
    return undefined;
  }
}

const unauthorized = (message: string) => ({ ok: false, code: "unauthorized", message }) as const;
const expired = () => ({ ok: false, code: "token_expired", message: "The token has expired." }) as const;
