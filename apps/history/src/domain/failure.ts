import { ParleyError, type WireError, wireError } from "@parley/protocol";

/** Whether an error says of itself that asking again may help. */
export const isRetryable = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "retryable" in error && error.retryable === true;

/**
 * What a failure looks like to whoever asked. Operational failures are `unavailable`; anything else is a bug and not
 * translated: `undefined`.
 */
export function failureAnswer(error: unknown): WireError | undefined {
  if (error instanceof ParleyError) return error.wire;
  return isRetryable(error) ? wireError("unavailable") : undefined;
}
