import {
  ConfigError,
  type ConfigFault,
  type ConfigOf,
  type Environment,
  field,
  integer,
  list,
  oneOf,
  type Parser,
  readConfig,
  text,
  variablesOf,
} from "@parley/config";
import { gatewayFields, type GatewayConfig, readGatewayConfig } from "@parley/gateway/config";
import { type HistoryConfig, historyFields, readHistoryConfig } from "@parley/history/config";
import { type PresenceConfig, presenceFields, readPresenceConfig } from "@parley/presence/config";

const GiB = 1024 ** 3;

/** The planted bugs of both services, by the names that tests use. */
export const gatewayFaults = ["drop-live", "swap-live", "skip-repair", "deliver-after-removal"] as const;
export const historyFaults = ["ack-before-append", "forget-keys", "lose-marks", "resurrect-deleted"] as const;
type Fault = (typeof gatewayFaults | typeof historyFaults)[number];
const allFaults: readonly Fault[] = [...gatewayFaults, ...historyFaults];

const faultParser: Parser<Fault> = {
  parse: (value) => allFaults.find((fault) => fault === value),
  allowed: `for tests: ${allFaults.join(", ")}`,
};

/** The variables of the one-process server, beside those of its services. */
export const standaloneFields = {
  dataDir: text("PARLEY_DATA_DIR", { default: "./data" }),
  historyInstances: integer("PARLEY_HISTORY_INSTANCES", { default: 1, min: 1, max: 8 }),
  logBytesMax: integer("PARLEY_LOG_BYTES_MAX", {
    default: 8 * GiB,
    min: 1024 ** 2,
    max: 1024 * GiB,
    unit: "bytes",
  }),
  logLevel: oneOf("PARLEY_LOG_LEVEL", ["trace", "debug", "info", "warn", "error", "fatal", "silent"], {
    default: "warn",
  }),
  env: field("PARLEY_ENV", gatewayFields.env, { default: "development" }),
  faults: list("PARLEY_TEST_FAULTS", { of: faultParser, default: [] }),
};

type Read = ConfigOf<typeof standaloneFields>;

export interface StandaloneConfig extends Omit<Read, "faults"> {
  readonly gateway: GatewayConfig;
  readonly history: HistoryConfig;
  readonly presence: PresenceConfig;
}

const everyVariable = [standaloneFields, gatewayFields, historyFields, presenceFields].flatMap(variablesOf);

/**
 * Reads everything that the services of this process need. Throws one `ConfigError` with every fault of all of them.
 *
 * `env` must already hold a signing secret where one is needed.
 */
export function readStandaloneConfig(env: Environment): StandaloneConfig {
  const faults: ConfigFault[] = [];
  const gather = <Config>(read: () => Config): Config | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      faults.push(...error.faults);
      return undefined;
    }
  };
  const own = gather(() => readOwnConfig(env));
  const gateway = gather(() => readGatewayConfig(env, everyVariable));
  const history = gather(() => readHistoryConfig(env, everyVariable));
  const presence = gather(() => readPresenceConfig(env, everyVariable));
  if (own === undefined || gateway === undefined || history === undefined || presence === undefined) {
    throw new ConfigError(withoutRepeats(faults));
  }
  const { faults: planted, ...rest } = own;
  return {
    ...rest,
    gateway: { ...gateway, faults: new Set(gatewayFaults.filter((fault) => planted.includes(fault))) },
    history: { ...history, faults: new Set(historyFaults.filter((fault) => planted.includes(fault))) },
    presence,
  };
}

const readOwnConfig = (env: Environment): Read =>
  readConfig(env, standaloneFields, {
    alsoKnown: everyVariable,
    checks: [
      {
        variables: ["PARLEY_ENV", "PARLEY_TEST_FAULTS"],
        holds: ({ env: kind, faults }) => kind !== "production" || faults.length === 0,
        allowed: "no planted faults in production",
      },
    ],
  });

/** Services that share a variable find the same fault in it. */
function withoutRepeats(faults: readonly ConfigFault[]): readonly ConfigFault[] {
  return faults.filter((fault, index) => {
    const first = faults.findIndex(
      (other) => other.variable === fault.variable && other.allowed === fault.allowed,
    );
    return first === index;
  });
}
