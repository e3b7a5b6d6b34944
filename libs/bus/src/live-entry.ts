import type { Entry } from "@parley/protocol";
import type { LiveEntry } from "./port.ts";

/** What of a stored entry the feed carries: the answers in its header never leave the service. */
export function liveEntry({ header, payload }: Entry): LiveEntry {
  const { id, room, epoch, first, last, control } = header;
  return { header: { id, room, epoch, first, last, control }, payload };
}
