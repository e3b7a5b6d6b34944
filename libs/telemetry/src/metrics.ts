import { Counter, Gauge, Histogram, type Metric, type Registry } from "@prometheus-io/client";

export interface MetricSpec<Label extends string> {
  /** `parley_<what>_<unit>`; counters end with `_total`. */
  readonly name: string;
  readonly help: string;
  /** Names of labels. Their values must be few: never ids of users, rooms or sessions. */
  readonly labels?: readonly Label[];
}

export interface GaugeSpec<Label extends string> extends MetricSpec<Label> {
  /** Sets the gauge when it is asked for, for figures that are counted elsewhere. */
  readonly collect?: (gauge: Gauge<Label>) => void;
}

export interface HistogramSpec<Label extends string> extends MetricSpec<Label> {
  /** Upper bounds, ascending, in the unit that the name ends with. */
  readonly buckets: readonly number[];
}

/**
 * The metrics of one process.
 *
 * Asking for a name again gives the metric that is there, so several services may share a process; asking for it as
 * another kind or with other labels is a bug and throws.
 */
export class Metrics {
  readonly #registry: Registry;
  readonly #labels = new Map<string, string>();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  counter<Label extends string = never>(spec: MetricSpec<Label>): Counter<Label> {
    if (!spec.name.endsWith("_total")) throw new TypeError(`counter ${spec.name} must end with _total`);
    return this.#known(spec, Counter<Label>) ?? this.#keep(spec, new Counter(this.#settings(spec)));
  }

  gauge<Label extends string = never>(spec: GaugeSpec<Label>): Gauge<Label> {
    const known = this.#known(spec, Gauge<Label>);
    if (known !== undefined) return known;
    const { collect } = spec;
    const gauge: Gauge<Label> = new Gauge({
      ...this.#settings(spec),
      ...(collect === undefined ? {} : { collect: () => collect(gauge) }),
    });
    return this.#keep(spec, gauge);
  }

  histogram<Label extends string = never>(spec: HistogramSpec<Label>): Histogram<Label> {
    const settings = { ...this.#settings(spec), buckets: [...spec.buckets] };
    return this.#known(spec, Histogram<Label>) ?? this.#keep(spec, new Histogram(settings));
  }

  #settings<Label extends string>({ name, help, labels = [] }: MetricSpec<Label>) {
    if (!/^parley_[a-z0-9_]+$/u.test(name)) throw new TypeError(`metric ${name} is not named parley_…`);
    return { name, help, labelNames: labels, registers: [] };
  }

  #known<Label extends string, Kind extends Metric<Label>>(
    { name, labels = [] }: MetricSpec<Label>,
    kind: new (...settings: never[]) => Kind,
  ): Kind | undefined {
    const known = this.#registry.getSingleMetric<Label>(name);
    if (known === undefined) return undefined;
    const sameLabels = this.#labels.get(name) === labels.join(",");
    if (!sameLabels || !(known instanceof kind)) throw new TypeError(`metric ${name} is there as another`);
    return known;
  }

  #keep<Label extends string, Kind extends Metric<Label>>(spec: MetricSpec<Label>, metric: Kind): Kind {
    this.#labels.set(spec.name, (spec.labels ?? []).join(","));
    this.#registry.registerMetric(metric);
    return metric;
  }
}
