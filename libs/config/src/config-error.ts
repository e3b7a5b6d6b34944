/** What is wrong with one variable, or with several together. */
export interface ConfigFault {
  /** Its name; for a fault of several together their names between commas. */
  readonly variable: string;
  /** As it was set, secrets masked; `undefined` when it was not set. */
  readonly value: string | undefined;
  /** What would be accepted. */
  readonly allowed: string;
}

/** The environment does not say how to run. Holds every fault there is, not the first one. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly retryable = false;
  readonly faults: readonly ConfigFault[];

  constructor(faults: readonly ConfigFault[]) {
    super([`${faults.length} fault(s) in the configuration:`, ...faults.map(line)].join("\n"));
    this.faults = faults;
  }
}

const line = ({ variable, value, allowed }: ConfigFault): string =>
  `  ${variable} ${value === undefined ? "is not set" : `is ${JSON.stringify(value)}`}; allowed: ${allowed}`;
