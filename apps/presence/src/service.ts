import { type Clock, systemClock } from "@parley/bus";
import type { Roster } from "@parley/roster";
import type { Telemetry } from "@parley/telemetry";
import type { PresenceConfig } from "./config.ts";
import { presenceTelemetry } from "./telemetry.ts";

export interface PresencePorts {
  readonly roster: Roster;
  readonly telemetry: Telemetry;
  readonly clock?: Pick<Clock, "after">;
  /** From 0 to below 1. */
  readonly random?: () => number;
}

/** A share of the interval by which a sweep comes earlier or later, so that instances do not sweep in step. */
const jitter = 0.25;

/**
 * Sweeps the roster for ever: what gateways no longer renew is reaped, and who did not come back within the grace goes
 * offline. Any number of instances may run. One sweep runs at a time; one that fails is logged and the next tries again.
 * Closing waits for the sweep that runs.
 */
export async function startPresence(config: PresenceConfig, ports: PresencePorts): Promise<AsyncDisposable> {
  const { roster, clock = systemClock, random = Math.random } = ports;
  const telemetry = presenceTelemetry(ports.telemetry);
  let closed = false;
  let sweeping = Promise.resolve();
  let cancel = () => {};

  const schedule = () => {
    if (closed) return;
    const delayMs = config.sweepMs * (1 + jitter * (2 * random() - 1));
    cancel = clock.after(delayMs, () => {
      sweeping = sweep().then(schedule);
    });
  };
  const sweep = async () => {
    try {
      telemetry.swept(await roster.sweep());
    } catch (error) {
      telemetry.sweepFailed(error);
    }
  };

  schedule();
  return {
    async [Symbol.asyncDispose]() {
      closed = true;
      cancel();
      await sweeping;
    },
  };
}
