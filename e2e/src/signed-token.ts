import { createHmac } from "node:crypto";

const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A JWT by HMAC, made here so that tests depend on no library that the server uses. */
export function signedToken(
  claims: unknown,
  secret: string,
  header: unknown = { alg: "HS256", typ: "JWT" },
): string {
  const text = `${base64(header)}.${base64(claims)}`;
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
}

export const claimsOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as Record<string, unknown>;

/** For `exp`, which is in seconds. */
export const secondsFromNow = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds;
