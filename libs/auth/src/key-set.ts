import { createPublicKey, type KeyObject } from "node:crypto";

const fetchTimeoutMs = 5_000;
const documentBytesMax = 256 * 1024;
const keysMax = 100;
/** At most one question to the provider in this time, whoever sends unknown key ids. */
const coolDownMs = 30_000;
/** After a question that got no answer: waiting longer would lengthen the provider's outage. */
const retryMs = 2_000;
/** Keys older than this are asked for again, while they go on being used. */
const freshMs = 600_000;

export type PublicKeyAlgorithm = "RS256" | "ES256";

export interface PublicKey {
  readonly algorithm: PublicKeyAlgorithm;
  readonly key: KeyObject;
}

export type KeyLookup =
  | { readonly kind: "found"; readonly key: PublicKey }
  | { readonly kind: "unknown" }
  /** The provider did not answer, and what was known does not settle it. */
  | { readonly kind: "unavailable"; readonly cause: unknown };

/** Where the keys are: a JWKS document, or the issuer whose OpenID discovery document names it. */
export type KeySource =
  | { readonly kind: "jwks"; readonly url: string }
  | { readonly kind: "issuer"; readonly issuer: string };

/**
 * An identity provider's public keys by key id (RFC 7517).
 *
 * Fetched when first needed. An unknown id asks the provider again, but not within the cool-down, so forged ids cannot
 * make this service flood it. While the provider is down the keys of the last answer go on being used.
 */
export class KeySet {
  readonly #source: KeySource;
  readonly #nowMs: () => number;
  #keys: ReadonlyMap<string, PublicKey> | undefined;
  #askedMs = Number.NEGATIVE_INFINITY;
  #fault: unknown;
  #asking: Promise<void> | undefined;

  constructor(source: KeySource, nowMs: () => number) {
    this.#source = source;
    this.#nowMs = nowMs;
  }

  /** `kid` may be absent when the provider has a single key. */
  async lookup(kid: string | undefined): Promise<KeyLookup> {
    const known = this.#find(kid);
    if (known !== undefined) {
      // Not awaited: a known key answers at once, and `#ask` keeps its own failures.
      if (this.#nowMs() - this.#askedMs > freshMs) void this.#ask();
      return { kind: "found", key: known };
    }
    const pauseMs = this.#fault === undefined ? coolDownMs : retryMs;
    if (this.#asking !== undefined || this.#nowMs() - this.#askedMs >= pauseMs) await this.#ask();
    const found = this.#find(kid);
    if (found !== undefined) return { kind: "found", key: found };
    return this.#fault === undefined ? { kind: "unknown" } : { kind: "unavailable", cause: this.#fault };
  }

  #find(kid: string | undefined): PublicKey | undefined {
    if (this.#keys === undefined) return undefined;
    if (kid !== undefined) return this.#keys.get(kid);
    return this.#keys.size === 1 ? this.#keys.values().next().value : undefined;
  }

  #ask(): Promise<void> {
    this.#asking ??= this.#fetchKeys().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #fetchKeys(): Promise<void> {
    this.#askedMs = this.#nowMs();
    try {
      this.#keys = parseKeys(await fetchJson(await this.#documentUrl()));
      this.#fault = undefined;
    } catch (cause) {
      this.#fault = cause;
    }
  }

  async #documentUrl(): Promise<string> {
    if (this.#source.kind === "jwks") return this.#source.url;
    const { issuer } = this.#source;
    const discovery = await fetchJson(`${issuer.replace(/\/$/u, "")}/.well-known/openid-configuration`);
    if (!isRecord(discovery) || discovery["issuer"] !== issuer || typeof discovery["jwks_uri"] !== "string") {
      throw new Error(`the discovery document of ${issuer} does not name it and its keys`);
    }
    return discovery["jwks_uri"];
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

async function fetchJson(url: string): Promise<unknown> {
  const response = await fetch(url, {
    redirect: "error",
    signal: AbortSignal.timeout(fetchTimeoutMs),
    headers: { accept: "application/json" },
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return JSON.parse(await boundedText(response, url));
}

async function boundedText(response: Response, url: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  if (response.body === null) throw new Error(`${url} answered nothing`);
  const body: AsyncIterable<Uint8Array> = response.body;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > documentBytesMax) throw new Error(`${url} answered more than ${documentBytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Keys for signatures that this service can check; others in the document are of no concern. */
function parseKeys(document: unknown): ReadonlyMap<string, PublicKey> {
  if (!isRecord(document) || !Array.isArray(document["keys"])) throw new Error("not a key set: no `keys`");
  const keys = new Map<string, PublicKey>();
  for (const [index, jwk] of document["keys"].slice(0, keysMax).entries()) {
    if (!isRecord(jwk)) continue;
    const key = parseKey(jwk);
    if (key !== undefined) keys.set(typeof jwk["kid"] === "string" ? jwk["kid"] : `#${index}`, key);
  }
  return keys;
}

function parseKey(jwk: Readonly<Record<string, unknown>>): PublicKey | undefined {
  if (jwk["use"] !== undefined && jwk["use"] !== "sig") return undefined;
  const algorithm = algorithmOf(jwk);
  if (algorithm === undefined || (jwk["alg"] !== undefined && jwk["alg"] !== algorithm)) return undefined;
  try {
    return { algorithm, key: createPublicKey({ key: jwk, format: "jwk" }) };
  } catch {
    return undefined;
  }
}

/** The key's kind alone decides the algorithm: what a token's header claims only has to agree. */
function algorithmOf(jwk: Readonly<Record<string, unknown>>): PublicKeyAlgorithm | undefined {
  if (jwk["kty"] === "RSA") return "RS256";
  return jwk["kty"] === "EC" && jwk["crv"] === "P-256" ? "ES256" : undefined;
}
