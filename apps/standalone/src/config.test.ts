import { ConfigError, type ConfigFault } from "@parley/config";
import { describe, expect, it } from "vitest";
import { readStandaloneConfig } from "./config.ts";

const secret = { PARLEY_AUTH_SECRET: "s".repeat(40) };
const faultsOf = (env: Record<string, string>): readonly ConfigFault[] => {
  try {
    readStandaloneConfig(env);
    return [];
  } catch (error) {
    return error instanceof ConfigError ? error.faults : [];
  }
};

describe("the configuration of the one-process server", () => {
  it("has sound defaults, given a secret", () => {
    const config = readStandaloneConfig(secret);
    expect(config).toMatchObject({ dataDir: "./data", gateway: { port: 3_000, guests: true } });
    expect(config.history.faults.size + (config.gateway.faults?.size ?? 0)).toBe(0);
  });

  it("names every fault of every service at once, each once", () => {
    const faults = faultsOf({
      ...secret,
      PARLEY_PORT: "x",
      PARLEY_LIMIT_ROOM_PINS_MAX: "0",
      PARLEY_LOG_LEVEL: "loud",
    });
    expect(faults.map(({ variable }) => variable).sort()).toEqual([
      "PARLEY_LIMIT_ROOM_PINS_MAX",
      "PARLEY_LOG_LEVEL",
      "PARLEY_PORT",
    ]);
    for (const { value, allowed } of faults) expect([value, allowed]).not.toContain(undefined);
  });

  it("knows the variables of all services, and no others", () => {
    expect(faultsOf({ ...secret, PARLEY_PRESENCE_SWEEP_MS: "500", PARLEY_HISTORY_INSTANCES: "2" })).toEqual(
      [],
    );
    expect(faultsOf({ ...secret, PARLEY_PROT: "3000" })).toMatchObject([{ variable: "PARLEY_PROT" }]);
  });

  it("plants faults in the service they belong to, and never in production", () => {
    const config = readStandaloneConfig({ ...secret, PARLEY_TEST_FAULTS: "forget-keys,drop-live" });
    expect([...config.history.faults]).toEqual(["forget-keys"]);
    expect([...(config.gateway.faults ?? [])]).toEqual(["drop-live"]);
    const production = { ...secret, PARLEY_ENV: "production", PARLEY_TEST_FAULTS: "forget-keys" };
    expect(faultsOf(production)).toMatchObject([{ variable: "PARLEY_ENV, PARLEY_TEST_FAULTS" }]);
  });

  it("gives no guest tokens in production, and starts there only with something to verify tokens with", () => {
    expect(readStandaloneConfig({ ...secret, PARLEY_ENV: "production" }).gateway.guests).toBe(false);
    expect(faultsOf({ ...secret, PARLEY_ENV: "production", PARLEY_GUESTS: "true" })).toHaveLength(1);
    expect(faultsOf({ PARLEY_ENV: "production" })).not.toEqual([]);
  });
});
