export { createTelemetry, type MetricsText, type Telemetry, type TelemetryOptions } from "./telemetry.ts";
export { logLevels, redactedFields, type Log, type LogLevel } from "./log.ts";
export { Metrics, type GaugeSpec, type HistogramSpec, type MetricSpec } from "./metrics.ts";
export type { Counter, Gauge, Histogram } from "@prometheus-io/client";
export { watchEventLoopDelay, type EventLoopDelay } from "./event-loop-delay.ts";
export {
  childTrace,
  continueTraceparent,
  formatTraceparent,
  parseTraceparent,
  type TraceContext,
} from "./traceparent.ts";
