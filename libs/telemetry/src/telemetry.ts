import { collectDefaultMetrics, Registry } from "@prometheus-io/client";
import type { DestinationStream } from "pino";
import { type EventLoopDelay, watchEventLoopDelay } from "./event-loop-delay.ts";
import { createLog, type Log, type LogLevel } from "./log.ts";
import { Metrics } from "./metrics.ts";

export interface TelemetryOptions {
  /** Named on every log line: `gateway`, `history`, `presence`. */
  readonly service: string;
  readonly level: LogLevel;
  /** Where log lines go; standard output when not given. */
  readonly destination?: DestinationStream;
}

/** What `/metrics` answers, in the text format of Prometheus. */
export interface MetricsText {
  readonly contentType: string;
  readonly body: string;
}

/**
 * What a service says about itself. An app's `telemetry.ts` makes from these parts one function for each thing that
 * happens. Traces cross processes as `traceparent` texts; spans are nobody's business yet.
 */
export interface Telemetry extends Disposable {
  readonly service: string;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly eventLoop: Pick<EventLoopDelay, "forget" | "recentMaxMs">;
  /** Everything of the process, whichever service asks. */
  metricsText(): Promise<MetricsText>;
  /** For another service in the same process: its own name on log lines, the same metrics. Needs no closing. */
  child(service: string): Telemetry;
}

/** One a process; closing it stops the measuring. */
export function createTelemetry(options: TelemetryOptions): Telemetry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const process: ProcessTelemetry = {
    baseLog: createLog(options.level, options.destination),
    metrics: new Metrics(registry),
    eventLoop: watchEventLoopDelay(),
    metricsText: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  };
  return {
    ...ofService(options.service, process),
    [Symbol.dispose]: () => process.eventLoop[Symbol.dispose](),
  };
}

/** What the services of one process share. */
interface ProcessTelemetry {
  readonly baseLog: Log;
  readonly metrics: Metrics;
  readonly eventLoop: EventLoopDelay;
  readonly metricsText: () => Promise<MetricsText>;
}

function ofService(service: string, process: ProcessTelemetry): Telemetry {
  const { baseLog, metrics, eventLoop, metricsText } = process;
  return {
    service,
    log: baseLog.child({ service }),
    metrics,
    eventLoop,
    metricsText,
    child: (name) => ofService(name, process),
    [Symbol.dispose]: () => undefined,
  };
}
