import { type MessageView, ParleyError, type RoomView, wireError } from "@parley/protocol";

/** An entity tag: `W/"…"` or `"…"` (RFC 9110 §8.8.3). */
const tagPattern = /^(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"$/u;
const versionPattern = /^([1-9]\d{0,15})(?:-\d+)?$/u;

/** Everything that a room's view shows moves with its head. */
export const roomTag = ({ epoch, head }: RoomView): string => `"${epoch}-${head}"`;

/** The version, and once a message shows more than its text, the event that it last changed by. */
export function messageTag({ version, reactions, pinned, lastSeq }: MessageView): string {
  return reactions.length === 0 && !pinned ? `"${version}"` : `"${version}-${lastSeq}"`;
}

/** Whether an `If-None-Match` field names `tag`, so that the asker has what would be sent. Compares weakly. */
export function isKnown(field: string | undefined, tag: string): boolean {
  if (field === undefined) return false;
  return field.split(",").some((one) => {
    const text = one.trim();
    return text === "*" || text.replace(/^W\//u, "") === tag;
  });
}

/**
 * The version that an `If-Match` field asks for; `undefined` without one, and for `*`, which every message matches. A tag
 * that no version of a message has, and a weak one, match none: throws `version_mismatch`. Throws `bad_request` for what
 * is no tag, and for several.
 */
export function expectedVersion(field: string | undefined): number | undefined {
  if (field === undefined || field.trim() === "*") return undefined;
  const match = tagPattern.exec(field.trim());
  if (match === null) throw new ParleyError(wireError("bad_request", "If-Match is not one entity tag"));
  const version = match[1] === undefined ? versionPattern.exec(match[2] ?? "")?.[1] : undefined;
  if (version === undefined || !Number.isSafeInteger(Number(version))) {
    throw new ParleyError(wireError("version_mismatch"));
  }
  return Number(version);
}
