/** What the load process is told, and what it tells. Both cross a process boundary: plain values only. */
export type ServerKind = "parley" | "stock";

export interface FanoutTask {
  readonly kind: "fanout";
  readonly server: ServerKind;
  readonly url: string;
  readonly room: string;
  /** One for each socket; a token may repeat. Unused by the stock server. */
  readonly tokens: readonly string[];
  readonly textBytes: number;
  /** Messages sent together, each by a sender of its own. */
  readonly messagesPerTick: number;
  readonly ticksPerSecond: number;
  readonly warmUpMs: number;
  readonly windowMs: number;
}

export interface SendTask {
  readonly kind: "sends";
  readonly url: string;
  readonly rooms: readonly string[];
  readonly tokens: readonly string[];
  readonly textBytes: number;
  readonly warmUpMs: number;
  readonly windowMs: number;
}

export type LoadTask = FanoutTask | SendTask;

export interface FanoutFigures {
  readonly sent: number;
  readonly acknowledged: number;
  readonly delivered: number;
  readonly outOfOrder: number;
  readonly ackMs: Percentiles;
}

export interface SendFigures {
  readonly acknowledged: number;
  readonly refused: Readonly<Record<string, number>>;
  readonly windowMs: number;
  readonly ackMs: Percentiles;
}

export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** `windowOpens` and `windowCloses` mark the time in which the server's CPU is counted. */
export type LoadReport =
  | { readonly kind: "windowOpens" }
  | { readonly kind: "windowCloses" }
  | { readonly kind: "fanout"; readonly figures: FanoutFigures }
  | { readonly kind: "sends"; readonly figures: SendFigures };

export function percentiles(values: readonly number[]): Percentiles {
  const sorted = [...values].sort((left, right) => left - right);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length / 2;
  const [low = Number.NaN, high = low] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return (low + high) / 2;
}
