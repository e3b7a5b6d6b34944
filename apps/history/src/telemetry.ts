import type { Metrics, Telemetry } from "@parley/telemetry";

const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

function timings(metrics: Metrics) {
  return {
    commands: metrics.histogram({
      name: "parley_history_command_seconds",
      help: "From a command's arrival at the owner to its answer.",
      labels: ["kind", "outcome"],
      buckets: secondsBuckets,
    }),
    appends: metrics.histogram({
      name: "parley_history_append_seconds",
      help: "From encoding an entry to the log's confirmation.",
      buckets: secondsBuckets,
    }),
    batch: metrics.histogram({
      name: "parley_history_entry_events",
      help: "Events that went into one entry.",
      buckets: [0, 1, 2, 4, 8, 16, 32, 64],
    }),
    loads: metrics.histogram({
      name: "parley_history_room_load_seconds",
      help: "Loading a room from archive and log.",
      buckets: secondsBuckets,
    }),
  };
}

function counters(metrics: Metrics) {
  const counter = <Label extends string = never>(name: string, help: string, labels: readonly Label[] = []) =>
    metrics.counter({ name: `parley_history_${name}_total`, help, labels });
  return {
    bytes: counter("entry_bytes", "Bytes of stored payloads."),
    retries: counter("append_retries", "Appends asked again.", ["cause"]),
    unsettled: counter("appends_unsettled", "Appends that did not end confirmed.", ["outcome"]),
    drops: counter("rooms_dropped", "Rooms that left memory.", ["reason"]),
    unloadable: counter("room_load_failures", "Rooms that could not be loaded."),
    archived: counter("entries_archived", "Entries applied to the archive."),
    archiveFailures: counter("archive_failures", "Batches that the archive did not take."),
    poisoned: counter("entries_poisoned", "Entries that could not be read."),
    readerFailures: counter("reader_failures", "Log readers that had to begin again."),
    purged: counter("entries_purged", "Archived entries that the log forgot."),
    bugs: counter("requests_failed", "Requests that failed by a bug.", ["op"]),
  };
}

function gauges(metrics: Metrics) {
  return {
    rooms: metrics.gauge({ name: "parley_history_rooms", help: "Rooms in memory." }),
    tails: metrics.gauge({ name: "parley_history_tail_bytes", help: "Bytes of entries in memory." }),
    behind: metrics.gauge({
      name: "parley_history_archive_behind",
      help: "Log positions not yet archived.",
      labels: ["partition"],
    }),
  };
}

export type DropReason = "foreign_entry" | "behind" | "unsettled" | "evicted" | "handed_over";

/** One method for each thing that happens in a history instance: log line and metric together. */
export class HistoryTelemetry {
  readonly #log: Telemetry["log"];
  readonly #timings: ReturnType<typeof timings>;
  readonly #counters: ReturnType<typeof counters>;
  readonly #gauges: ReturnType<typeof gauges>;

  constructor({ log, metrics }: Telemetry) {
    this.#log = log;
    this.#timings = timings(metrics);
    this.#counters = counters(metrics);
    this.#gauges = gauges(metrics);
  }

  commandAnswered({
    kind,
    outcome,
    ms,
  }: {
    readonly kind: string;
    readonly outcome: string;
    readonly ms: number;
  }): void {
    this.#timings.commands.observe({ kind, outcome }, ms / 1_000);
  }

  entryStored({
    events,
    bytes,
    ms,
  }: {
    readonly events: number;
    readonly bytes: number;
    readonly ms: number;
  }): void {
    this.#timings.appends.observe(ms / 1_000);
    this.#timings.batch.observe(events);
    this.#counters.bytes.inc(bytes);
  }

  appendRetried(cause: "unknown" | "failed"): void {
    this.#counters.retries.inc({ cause });
  }

  appendUnsettled(room: string, outcome: "lost" | "unknown" | "full"): void {
    this.#counters.unsettled.inc({ outcome });
    this.#log.warn({ room, outcome }, "an append did not end confirmed");
  }

  roomLoaded(ms: number): void {
    this.#timings.loads.observe(ms / 1_000);
  }

  roomDropped(reason: DropReason): void {
    this.#counters.drops.inc({ reason });
    if (reason !== "evicted") this.#log.debug({ reason }, "a room is dropped");
  }

  roomUnloadable(room: string, error: unknown): void {
    this.#counters.unloadable.inc();
    this.#log.error({ room, err: error }, "a room cannot be loaded");
  }

  entriesArchived(entries: number): void {
    this.#counters.archived.inc(entries);
  }

  archiveFailed(partition: number, error: unknown): void {
    this.#counters.archiveFailures.inc();
    this.#log.warn({ partition, err: error }, "the archive did not take a batch; it waits and tries again");
  }

  entryPoisoned(partition: number, position: number): void {
    this.#counters.poisoned.inc();
    this.#log.error(
      { partition, position },
      "an entry cannot be read; its place is kept, its bytes are a dead letter",
    );
  }

  readerFailed(partition: number, error: unknown): void {
    this.#counters.readerFailures.inc();
    this.#log.warn({ partition, err: error }, "a log reader begins again");
  }

  entriesPurged(partition: number, entries: number): void {
    this.#counters.purged.inc(entries);
    this.#log.info({ partition, entries }, "the log forgot archived entries");
  }

  purgeFailed(partition: number, error: unknown): void {
    this.#log.warn(
      { partition, err: error },
      "the log did not forget archived entries; it is asked again in an hour",
    );
  }

  requestFailed(op: string, error: unknown): void {
    this.#counters.bugs.inc({ op });
    this.#log.error({ op, err: error }, "a request failed by a bug");
  }

  loaded({ rooms, tailBytes }: { readonly rooms: number; readonly tailBytes: number }): void {
    this.#gauges.rooms.set(rooms);
    this.#gauges.tails.set(tailBytes);
  }

  archiveBehind(partition: number, positions: number): void {
    this.#gauges.behind.set({ partition: String(partition) }, positions);
  }
}
