import type { Action } from "./commands.ts";
import { type WireError, wireError } from "./errors.ts";
import type { LimitName, Limits } from "./limits.ts";
import { fitsCodePoints, mentionTokens, utf8Bytes } from "./text.ts";

const over = (name: LimitName, limits: Limits, pointer: string): WireError =>
  wireError("too_large", `${pointer} is over ${name} (${limits[name]})`, {
    detail: { limit: name, max: limits[name], pointer },
  });

/** What of `action` is over a limit that a schema cannot say (code points, encoded bytes); `undefined` when nothing. */
export function oversized(action: Action, limits: Limits): WireError | undefined {
  if ("text" in action && !fitsCodePoints(action.text, limits.textCodePointsMax)) {
    return over("textCodePointsMax", limits, "/text");
  }
  if (
    "name" in action &&
    action.name !== undefined &&
    !fitsCodePoints(action.name, limits.roomNameCodePointsMax)
  ) {
    return over("roomNameCodePointsMax", limits, "/name");
  }
  if (action.kind === "send" && action.metadata !== undefined) {
    if (utf8Bytes(JSON.stringify(action.metadata)) > limits.metadataBytesMax) {
      return over("metadataBytesMax", limits, "/metadata");
    }
  }
  if (action.kind === "send" || action.kind === "edit") {
    const named = (action.mentions?.length ?? 0) + mentionTokens(action.text).length;
    if (named > limits.mentionsMax) return over("mentionsMax", limits, "/mentions");
  }
  return undefined;
}
