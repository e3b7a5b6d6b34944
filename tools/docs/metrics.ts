import { createTelemetry, type MetricSpec, type Telemetry } from "@parley/telemetry";
import { GatewayTelemetry } from "../../apps/gateway/src/telemetry.ts";
import { HistoryTelemetry } from "../../apps/history/src/telemetry.ts";
import { presenceTelemetry } from "../../apps/presence/src/telemetry.ts";
import { table } from "./generated-blocks.ts";

interface Recorded extends MetricSpec<string> {
  readonly kind: string;
}

/** Every metric that the services ask for, as they ask for it. */
function recordedMetrics(): readonly Recorded[] {
  const recorded: Recorded[] = [];
  using telemetry = createTelemetry({ service: "docs", level: "silent" });
  const metrics = new Proxy(telemetry.metrics, {
    get: (target, kind) => (spec: MetricSpec<string>) => {
      recorded.push({ ...spec, kind: String(kind) });
      return target[kind as "counter"](spec);
    },
  });
  const listening: Telemetry = { ...telemetry, metrics };
  presenceTelemetry(listening);
  new HistoryTelemetry(listening).loaded({ rooms: 0, tailBytes: 0 });
  const none = () => 0;
  new GatewayTelemetry(listening).watchFigures({
    connections: none,
    sessions: none,
    handshakes: none,
    laggingPeers: none,
    rooms: none,
    followedRooms: none,
  });
  return recorded;
}

export function metricsTable(): string {
  const rows = recordedMetrics()
    .map(({ name, kind, help, labels = [] }) => [`\`${name}\``, kind, labels.join(", ") || "–", help])
    .sort(([left = ""], [right = ""]) => (left < right ? -1 : 1));
  return table(["metric", "kind", "labels", "says"], rows);
}
