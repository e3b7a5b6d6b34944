import { type PageQuery, type UserId, parseUserId } from "@parley/protocol";

const cursorPattern = /^([ba])([1-9]\d{0,15})$/u;

/** Where a page of messages goes on. */
export type MessagePlace = Pick<PageQuery, "before"> | Pick<PageQuery, "after">;

/** Opaque to clients; says nothing but which way the page goes and from where. */
export const encodeMessagePlace = (place: { readonly before: number } | { readonly after: number }): string =>
  encode("before" in place ? `b${place.before}` : `a${place.after}`);

/** `undefined` when `cursor` was not made by `encodeMessagePlace`. */
export function decodeMessagePlace(cursor: string): MessagePlace | undefined {
  const match = cursorPattern.exec(decode(cursor));
  if (match === null) return undefined;
  const seq = Number(match[2]);
  if (!Number.isSafeInteger(seq)) return undefined;
  return match[1] === "b" ? { before: seq } : { after: seq };
}

export const encodeUserPlace = (after: UserId): string => encode(`u${after}`);

/** `undefined` when `cursor` was not made by `encodeUserPlace`. */
export function decodeUserPlace(cursor: string): UserId | undefined {
  const text = decode(cursor);
  return text.startsWith("u") ? parseUserId(text.slice(1)) : undefined;
}

const encode = (text: string): string => Buffer.from(text).toString("base64url");
const decode = (cursor: string): string => Buffer.from(cursor, "base64url").toString("utf8");
