import type { Sweep } from "@parley/roster";
import type { Telemetry } from "@parley/telemetry";

/** One function for each thing that happens in the presence service. */
export interface PresenceTelemetry {
  readonly swept: (sweep: Sweep) => void;
  readonly sweepFailed: (error: unknown) => void;
}

export function presenceTelemetry({ log, metrics }: Telemetry): PresenceTelemetry {
  const sweeps = metrics.counter({
    name: "parley_presence_sweeps_total",
    help: "Sweeps of the roster, by result.",
    labels: ["result"],
  });
  const offline = metrics.counter({
    name: "parley_presence_offline_total",
    help: "Users whose going offline this process published.",
  });
  const leases = metrics.counter({
    name: "parley_presence_leases_reaped_total",
    help: "Leases of silent gateways that this process ended.",
  });
  return {
    swept: ({ leasesReaped, wentOffline }) => {
      sweeps.inc({ result: "done" });
      offline.inc(wentOffline);
      leases.inc(leasesReaped);
      if (leasesReaped > 0) log.warn({ leasesReaped, wentOffline }, "reaped leases of silent gateways");
    },
    sweepFailed: (err) => {
      sweeps.inc({ result: "failed" });
      log.error({ err }, "a sweep of the roster failed; the next one tries again");
    },
  };
}
