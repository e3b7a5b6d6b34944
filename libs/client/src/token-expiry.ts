/** When a JWT expires (its `exp`, in ms since 1970), or `undefined` for a token that does not say. Nothing is verified. */
export function tokenExpiryMs(token: string): number | undefined {
  const [, claims] = token.split(".");
  if (claims === undefined) return undefined;
  try {
    const parsed: unknown = JSON.parse(decodeBase64Url(claims));
    if (typeof parsed !== "object" || parsed === null || !("exp" in parsed)) return undefined;
    return typeof parsed.exp === "number" ? parsed.exp * 1_000 : undefined;
  } catch {
    return undefined;
  }
}

function decodeBase64Url(text: string): string {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return new TextDecoder().decode(Uint8Array.from(binary, (letter) => letter.codePointAt(0) ?? 0));
}

const refreshEarlyMs = 60_000;

/** How long to wait before a token is refreshed: a minute before its end, or after four fifths of a short life. */
export function refreshInMs(expiryMs: number, nowMs: number): number {
  const leftMs = Math.max(0, expiryMs - nowMs);
  return leftMs - Math.min(refreshEarlyMs, leftMs / 5);
}
