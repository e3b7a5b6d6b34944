import { ConfigError } from "@parley/config";
import { defaultLimits } from "@parley/protocol";
import { describe, expect, test } from "vitest";
import { readGatewayConfig } from "./config.ts";

const secret = "a secret of at least thirty-two bytes";
const sound = { PARLEY_AUTH_SECRET: secret };
const faultsOf = (env: Record<string, string>): string[] => {
  try {
    readGatewayConfig(env, []);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults.map(({ variable }) => variable);
    throw error;
  }
  return [];
};

describe("the gateway's configuration", () => {
  test("serves guests on the loopback address unless told otherwise", () => {
    expect(readGatewayConfig(sound, [])).toMatchObject({
      host: "127.0.0.1",
      port: 3_000,
      env: "development",
      guests: true,
      origins: [],
      limits: defaultLimits,
    });
  });

  test("has no guests in production, and refuses to start with them", () => {
    expect(readGatewayConfig({ ...sound, PARLEY_ENV: "production" }, []).guests).toBe(false);
    expect(faultsOf({ ...sound, PARLEY_ENV: "production", PARLEY_GUESTS: "true" })).toEqual([
      "PARLEY_ENV, PARLEY_GUESTS",
    ]);
  });

  test("wants something to verify tokens with, and to sign guests' with", () => {
    const names = "PARLEY_AUTH_SECRET, PARLEY_AUTH_JWKS_URL, PARLEY_AUTH_ISSUER";
    expect(faultsOf({})).toEqual([names]);
    expect(faultsOf({ PARLEY_AUTH_ISSUER: "somebody" })).toEqual([names]);
    expect(faultsOf({ PARLEY_AUTH_SECRET: "short" })).toEqual(["PARLEY_AUTH_SECRET"]);
    const discovered = { PARLEY_AUTH_ISSUER: "https://id.example.org" };
    expect(readGatewayConfig(discovered, []).guests).toBe(false);
    expect(faultsOf({ ...discovered, PARLEY_GUESTS: "1" })).toEqual(["PARLEY_AUTH_SECRET, PARLEY_GUESTS"]);
  });

  test("names every fault at once", () => {
    const faults = faultsOf({
      ...sound,
      PARLEY_PORT: "70000",
      PARLEY_ORIGINS: "https://chat.example.org/path",
      PARLEY_TRUSTED_PROXIES: "10.0.0.0/33",
      PARLEY_LIMIT_ROOM_PINS_MAX: "0",
      PARLEY_PROT: "1",
    });
    expect(faults.toSorted()).toEqual([
      "PARLEY_LIMIT_ROOM_PINS_MAX",
      "PARLEY_ORIGINS",
      "PARLEY_PORT",
      "PARLEY_PROT",
      "PARLEY_TRUSTED_PROXIES",
    ]);
  });

  test("reads origins, proxies and limits", () => {
    const config = readGatewayConfig(
      {
        ...sound,
        PARLEY_ORIGINS: "https://chat.example.org, http://localhost:5173",
        PARLEY_TRUSTED_PROXIES: "10.0.0.0/8,::1",
        PARLEY_LIMIT_ROOM_PINS_MAX: "7",
      },
      [],
    );
    expect(config.origins).toEqual(["https://chat.example.org", "http://localhost:5173"]);
    expect(config.trustedProxies).toEqual(["10.0.0.0/8", "::1"]);
    expect(config.limits.roomPinsMax).toBe(7);
  });
});
