import type { ActionKind, ErrorCode, ResyncReason, RoomId } from "@parley/protocol";
import type { Telemetry } from "@parley/telemetry";

const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

export interface AnsweredCommand {
  readonly kind: ActionKind;
  readonly outcome: "applied" | "replayed" | ErrorCode;
  readonly durationMs: number;
}

export interface AnsweredRequest {
  readonly method: string;
  readonly route: string | undefined;
  readonly status: number;
  readonly durationMs: number;
  readonly requestId: string;
}

/** Figures that others count, read when metrics are asked for. */
export interface GatewayFigures {
  readonly connections: () => number;
  readonly sessions: () => number;
  readonly handshakes: () => number;
  readonly laggingPeers: () => number;
  readonly rooms: () => number;
  readonly followedRooms: () => number;
}

/** One function for each thing that happens at the edge: log line and metric together. */
export class GatewayTelemetry {
  readonly #telemetry: Telemetry;
  readonly #counters: ReturnType<typeof counters>;

  constructor(telemetry: Telemetry) {
    this.#telemetry = telemetry;
    this.#counters = counters(telemetry);
  }

  get eventLoopDelayMs(): number {
    return this.#telemetry.eventLoop.recentMaxMs();
  }

  metricsText(): ReturnType<Telemetry["metricsText"]> {
    return this.#telemetry.metricsText();
  }

  watchFigures(figures: GatewayFigures): void {
    const gauge = (name: string, help: string, read: () => number) =>
      this.#telemetry.metrics.gauge({ name, help, collect: (one) => one.set(read()) });
    gauge("parley_gateway_connections", "Open sockets.", figures.connections);
    gauge("parley_gateway_sessions", "Authenticated sessions.", figures.sessions);
    gauge("parley_gateway_handshakes", "Sockets between accept and authentication.", figures.handshakes);
    gauge("parley_gateway_lagging_peers", "Sockets that do not keep up.", figures.laggingPeers);
    gauge("parley_gateway_rooms", "Rooms that somebody here has open, or had lately.", figures.rooms);
    gauge("parley_gateway_followed_rooms", "Rooms whose feed is followed.", figures.followedRooms);
  }

  /** The start itself blocks the event loop: it must not keep the first sockets out. */
  started(url: string, node: string): void {
    this.#telemetry.eventLoop.forget();
    this.#telemetry.log.info({ url, node }, "gateway started");
  }

  drainBegan(sessions: number): void {
    this.#telemetry.log.info({ sessions }, "drain began");
  }

  drainEnded(durationMs: number): void {
    this.#telemetry.log.info({ durationMs }, "drain ended");
  }

  commandAnswered({ kind, outcome, durationMs }: AnsweredCommand): void {
    this.#counters.commands.observe({ kind, outcome }, durationMs / 1_000);
    this.#telemetry.log.debug({ kind, outcome, durationMs }, "command answered");
  }

  httpAnswered({ method, route = "unknown", status, durationMs, requestId }: AnsweredRequest): void {
    this.#counters.requests.observe({ method, route, status: String(status) }, durationMs / 1_000);
    this.#telemetry.log.debug({ method, route, status, durationMs, requestId }, "request answered");
  }

  httpFailed(error: unknown, requestId: string): void {
    this.#counters.failures.inc({ what: "http" });
    this.#telemetry.log.error({ err: error, requestId }, "request failed");
  }

  connectionDropped(): void {
    this.#counters.refusals.inc({ stage: "connection", code: "too_many_connections" });
  }

  upgradeRefused(code: string): void {
    this.#counters.refusals.inc({ stage: "upgrade", code });
  }

  connectRefused(code: string): void {
    this.#counters.refusals.inc({ stage: "connect", code });
  }

  sessionBegan(): void {
    this.#counters.begins.inc();
  }

  sessionEnded(reason: string): void {
    this.#counters.ends.inc({ reason });
  }

  peerLagging(queuedBytes: number): void {
    this.#counters.lags.inc();
    this.#telemetry.log.debug({ queuedBytes }, "a socket lags");
  }

  peerCutOff(fault: string): void {
    this.#counters.cuts.inc({ fault });
  }

  protocolViolated(kind: string): void {
    this.#counters.violations.inc({ kind });
  }

  handlerFailed(event: string, error: unknown): void {
    this.#counters.failures.inc({ what: "event" });
    this.#telemetry.log.error({ err: error, event }, "event failed");
  }

  holeFound(room: RoomId): void {
    this.#counters.holes.inc();
    this.#telemetry.log.debug({ room }, "hole found");
  }

  holeClosed(room: RoomId, durationMs: number): void {
    this.#counters.repairs.observe(durationMs / 1_000);
    this.#telemetry.log.debug({ room, durationMs }, "hole closed");
  }

  continuityLost(room: RoomId, reason: ResyncReason): void {
    this.#counters.resyncs.inc({ reason });
    this.#telemetry.log.warn({ room, reason }, "members must join again");
  }

  entryUnreadable(room: RoomId, error: unknown): void {
    this.#counters.failures.inc({ what: "entry" });
    this.#telemetry.log.error({ err: error, room }, "entry unreadable");
  }

  pulsesMissed(partition: number): void {
    this.#counters.missedPulses.inc();
    this.#telemetry.log.debug({ partition }, "pulses missed");
  }

  pulseAnswerFailed(partition: number, code: string): void {
    this.#telemetry.log.debug({ partition, code }, "what changed is not known yet");
  }

  revocationsUnread(reason: string): void {
    this.#telemetry.log.warn({ reason }, "revocations cannot be read yet");
  }

  presenceReported(report: { readonly kind: string }): void {
    this.#counters.presence.inc({ kind: report.kind });
    if (report.kind === "failed") this.#telemetry.log.warn({ report }, "presence is out of reach");
  }
}

function counters({ metrics }: Telemetry) {
  const counter = <Label extends string = never>(name: string, help: string, labels: readonly Label[] = []) =>
    metrics.counter({ name: `parley_gateway_${name}_total`, help, labels });
  const seconds = <Label extends string = never>(name: string, help: string, labels: readonly Label[] = []) =>
    metrics.histogram({ name: `parley_gateway_${name}_seconds`, help, labels, buckets: secondsBuckets });
  return {
    commands: seconds("command", "From a command's arrival to its answer.", ["kind", "outcome"]),
    requests: seconds("http_request", "From a request's arrival to its answer.", [
      "method",
      "route",
      "status",
    ]),
    repairs: seconds("repair", "From finding a hole in a room's feed to closing it."),
    refusals: counter("refusals", "Sockets that were not let in.", ["stage", "code"]),
    begins: counter("sessions_begun", "Sessions begun."),
    ends: counter("sessions_ended", "Sessions ended.", ["reason"]),
    lags: counter("lags", "Times that a socket began to lag."),
    cuts: counter("cuts", "Sockets cut off.", ["fault"]),
    violations: counter("violations", "Events that the protocol does not allow.", ["kind"]),
    failures: counter("failures", "Failures nobody foresaw.", ["what"]),
    holes: counter("holes", "Holes found in rooms' feeds."),
    resyncs: counter("resyncs", "Rooms whose continuity ended here.", ["reason"]),
    missedPulses: counter("pulses_missed", "Times that pulses were, or may have been, missed."),
    presence: counter("presence_reports", "What the presence lease went through.", ["kind"]),
  };
}
