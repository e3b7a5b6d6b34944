import { type ConfigOf, type Environment, milliseconds, readConfig } from "@parley/config";

/** The variables of the presence service. */
export const presenceFields = {
  sweepMs: milliseconds("PARLEY_PRESENCE_SWEEP_MS", { default: 1_000, min: 100, max: 60_000 }),
};

/** `sweepMs`: between two sweeps of the roster, on average. */
export type PresenceConfig = ConfigOf<typeof presenceFields>;

/** Throws `ConfigError` with every fault at once. `alsoKnown`: variables of others that are set in the same place. */
export const readPresenceConfig = (env: Environment, alsoKnown: readonly string[]): PresenceConfig =>
  readConfig(env, presenceFields, { alsoKnown });
