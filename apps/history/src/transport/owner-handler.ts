import type { OwnerHandler } from "@parley/bus";
import { wireError } from "@parley/protocol";
import type { Owner } from "../actors/owner.ts";
import { failureAnswer } from "../domain/failure.ts";
import type { HistoryTelemetry } from "../telemetry.ts";

/** What the bus calls: never rejects; a failure is an answer, a bug is logged and answered as `internal`. */
export const ownerHandler =
  (owner: Owner, telemetry: HistoryTelemetry): OwnerHandler =>
  async (request, deadlineMs) => {
    try {
      return { ok: true, body: await owner.answer(request, deadlineMs) };
    } catch (error) {
      const failure = failureAnswer(error);
      if (failure === undefined) telemetry.requestFailed(request.op, error);
      return { ok: false, error: failure ?? wireError("internal") };
    }
  };
