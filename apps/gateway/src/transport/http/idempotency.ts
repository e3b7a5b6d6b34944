import { createHash } from "node:crypto";
import { type Key, mustParse, ParleyError, parseKey, uuidV7, wireError } from "@parley/protocol";

const bare = /^[\x21-\x7e]{1,255}$/u;
/** A structured-field string (RFC 8941 §3.3.3). */
const quoted = /^"((?:[^"\\]|\\["\\])*)"$/u;

/**
 * The key in an `Idempotency-Key` field, quoted or bare: 1 to 255 visible ASCII characters. One that is no id is known by
 * its digest. `undefined` without the field; throws `bad_request` for any other text.
 */
export function idempotencyKeyOf(field: string | readonly string[] | undefined): Key | undefined {
  if (field === undefined) return undefined;
  const text = typeof field === "string" ? field : field.join(", ");
  const key = quoted.exec(text)?.[1]?.replaceAll(/\\(["\\])/gu, "$1") ?? text;
  if (!bare.test(key)) {
    throw new ParleyError(
      wireError("bad_request", "Idempotency-Key is not 1 to 255 visible ASCII characters"),
    );
  }
  return parseKey(key) ?? digested(key);
}

/** For the second of two commands that one request makes: as fixed as the first's. */
export const derivedKey = (key: Key, purpose: string): Key => digested(`${purpose}\n${key}`);

/** For requests without a key: nobody can retry them as the same. */
export const freshKey = (nowMs: number): Key => mustParse(parseKey, uuidV7(nowMs));

const digested = (text: string): Key =>
  mustParse(parseKey, `h_${createHash("sha256").update(text).digest("base64url")}`);

/** Requests with a key that this node is working on. What another node works on, the room's owner holds together. */
export class RequestsInProgress {
  readonly #running = new Set<string>();

  /** Throws `in_progress` while the same `name` runs. */
  async alone<Result>(name: string, run: () => Promise<Result>): Promise<Result> {
    if (this.#running.has(name)) throw new ParleyError(wireError("in_progress"));
    this.#running.add(name);
    try {
      return await run();
    } finally {
      this.#running.delete(name);
    }
  }
}

/** Tells a retry from a first time. */
export const replayed = (applied: { readonly replayed: boolean }): Readonly<Record<string, string>> =>
  applied.replayed ? { "idempotency-replayed": "true" } : {};
