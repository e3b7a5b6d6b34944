import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  boolean,
  ConfigError,
  type ConfigFault,
  describeFields,
  type Environment,
  type Fields,
  integer,
  limitFields,
  list,
  milliseconds,
  oneOf,
  optional,
  readConfig,
  secret,
  text,
  url,
  urlParser,
  variablesOf,
} from "./index.ts";

const fields = {
  port: integer("PARLEY_PORT", { default: 3_000, min: 0, max: 65_535 }),
  mode: oneOf("PARLEY_ENV", ["development", "production"], { default: "development" }),
  signing: secret("PARLEY_TOKEN_SECRET", { bytesMin: 32 }),
  redis: optional(url("PARLEY_REDIS_URL", { protocols: ["redis:", "rediss:"] })),
  servers: list("PARLEY_NATS_URLS", { of: urlParser(["nats:"]), default: ["nats://127.0.0.1:4222"] }),
  guests: boolean("PARLEY_GUESTS", { default: true }),
  timing: {
    ping: milliseconds("PARLEY_PING_MS", { default: 25_000, min: 1 }),
    timeout: milliseconds("PARLEY_PING_TIMEOUT_MS", { default: 20_000 }),
  },
};

const goodSecret = "a-secret-that-is-32-bytes-long-ok";

function faultsOf(env: Environment, shape: Fields = fields): readonly ConfigFault[] {
  try {
    readConfig(env, shape);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
}

describe("a sound environment", () => {
  test("gives typed values, and the defaults of what is not set", () => {
    const config = readConfig({ PARLEY_TOKEN_SECRET: goodSecret, PARLEY_PORT: "80" }, fields);
    expect(config.port).toBe(80);
    expect(config.mode).toBe("development");
    expect(config.signing.reveal()).toBe(goodSecret);
    expect(config.redis).toBeUndefined();
    expect(config.servers).toEqual(["nats://127.0.0.1:4222"]);
    expect(config.timing).toEqual({ ping: 25_000, timeout: 20_000 });
  });

  test("is frozen, its groups and lists too", () => {
    const config = readConfig({ PARLEY_TOKEN_SECRET: goodSecret }, fields);
    for (const part of [config, config.timing, config.servers]) expect(Object.isFrozen(part)).toBe(true);
  });

  test("may set a variable to nothing, which is not setting it", () => {
    const config = readConfig({ PARLEY_TOKEN_SECRET: goodSecret, PARLEY_PORT: "" }, fields);
    expect(config.port).toBe(3_000);
  });

  test("may hold the variables of other programs and of other services", () => {
    const env = { PARLEY_TOKEN_SECRET: goodSecret, PATH: "x", PARLEY_HISTORY_NODE: "h1" };
    expect(() => readConfig(env, fields, { alsoKnown: ["PARLEY_HISTORY_NODE"] })).not.toThrow();
  });
});

describe("a faulty environment", () => {
  test("is refused with all its faults at once", () => {
    const env = {
      PARLEY_PORT: "70000",
      PARLEY_ENV: "prod",
      PARLEY_NATS_URLS: "nats://a:1,http://b",
      PARLEY_GUESTS: "yes",
      PARLEY_PING_MS: "0.5",
      PARLEY_PROT: "1",
    };
    expect(faultsOf(env).map((fault) => fault.variable)).toEqual([
      "PARLEY_PORT",
      "PARLEY_ENV",
      "PARLEY_TOKEN_SECRET",
      "PARLEY_NATS_URLS",
      "PARLEY_GUESTS",
      "PARLEY_PING_MS",
      "PARLEY_PROT",
    ]);
  });

  test("is told per variable what it is and what is allowed", () => {
    expect(() => readConfig({ PARLEY_PORT: "x" }, fields)).toThrow(
      [
        "2 fault(s) in the configuration:",
        '  PARLEY_PORT is "x"; allowed: a whole number from 0 to 65535',
        "  PARLEY_TOKEN_SECRET is not set; allowed: a secret of at least 32 bytes",
      ].join("\n"),
    );
  });

  test("shows neither secrets, nor credentials in URLs, nor values of unknown variables", () => {
    const faults = faultsOf({
      PARLEY_TOKEN_SECRET: "hunter2",
      PARLEY_REDIS_URL: "http://user:hunter2@redis:6379",
      PARLEY_NATS_URLS: "nats://u:hunter2@a:1,nope://u:hunter2@b",
      PARLEY_TOKEN_SECERT: "hunter2",
    });
    expect(faults).toHaveLength(4);
    expect(JSON.stringify(faults)).not.toContain("hunter2");
    expect(faults[0]?.value).toBe("[secret of 7 bytes]");
  });

  test("names the variable that an unknown one was probably meant to be", () => {
    const env = { PARLEY_TOKEN_SECRET: goodSecret, PARLEY_PROT: "1", PARLEY_ELSE: "1" };
    expect(faultsOf(env).map((fault) => fault.allowed)).toEqual([
      "only variables that exist",
      "only variables that exist (did you mean PARLEY_PORT?)",
    ]);
  });
});

describe("a rule between several variables", () => {
  const shape = {
    low: integer("PARLEY_LOW", { default: 5 }),
    high: integer("PARLEY_HIGH", { default: 10 }),
    other: integer("PARLEY_OTHER", { default: 0 }),
  };
  const read = (env: Environment) =>
    readConfig(env, shape, {
      checks: [
        {
          variables: ["PARLEY_LOW", "PARLEY_HIGH"],
          holds: (config) => config.low < config.high,
          allowed: "PARLEY_LOW below PARLEY_HIGH",
        },
      ],
    });

  test("is a fault of all of them, beside faults of others", () => {
    const error = (() => {
      try {
        return read({ PARLEY_LOW: "20", PARLEY_OTHER: "x" });
      } catch (thrown) {
        return thrown as ConfigError;
      }
    })();
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).faults).toEqual([
      { variable: "PARLEY_OTHER", value: "x", allowed: "a whole number" },
      {
        variable: "PARLEY_LOW, PARLEY_HIGH",
        value: "20, 10 by default",
        allowed: "PARLEY_LOW below PARLEY_HIGH",
      },
    ]);
  });

  test("is not asked when one of them is faulty by itself", () => {
    expect(() => read({ PARLEY_LOW: "x" })).toThrow(/^1 fault/);
  });
});

describe("fields", () => {
  test("of integers accept exactly the whole numbers of their range", () => {
    const shape = { value: integer("PARLEY_X", { min: -100, max: 100 }) };
    fc.assert(
      fc.property(fc.oneof(fc.integer({ min: -200, max: 200 }), fc.double(), fc.string()), (value) => {
        const written = String(value);
        const accepted = faultsOf({ PARLEY_X: written }, shape).length === 0;
        const whole = /^-?\d+$/.test(written) && Math.abs(Number(written)) <= 100;
        expect(accepted).toBe(whole);
      }),
    );
  });

  test("of text match their pattern as a whole", () => {
    const shape = { node: text("PARLEY_NODE", { pattern: /[a-z]+/ }) };
    expect(readConfig({ PARLEY_NODE: "abc" }, shape).node).toBe("abc");
    expect(faultsOf({ PARLEY_NODE: "abc1" }, shape)).toHaveLength(1);
  });

  test("of lists refuse empty items and too many", () => {
    const letter = { parse: (item: string) => item, allowed: "a letter" };
    const shape = { items: list("PARLEY_ITEMS", { of: letter, itemsMax: 2 }) };
    expect(readConfig({ PARLEY_ITEMS: "a, b" }, shape).items).toEqual(["a", "b"]);
    expect(faultsOf({ PARLEY_ITEMS: "a,,b" }, shape)).toHaveLength(1);
    expect(faultsOf({ PARLEY_ITEMS: "a,b,c" }, shape)).toHaveLength(1);
  });

  test("of secrets give values that no printing shows", () => {
    const { value } = readConfig({ PARLEY_S: "hunter2" }, { value: secret("PARLEY_S") });
    expect([String(value), JSON.stringify({ value }), inspect(value)].join()).not.toContain("hunter2");
  });

  test("of a limits table go from 1 to each limit's maximum", () => {
    const table = { pageItemsMax: { default: 200, max: 300, unit: "count" } };
    const shape = limitFields(table, (name) => `PARLEY_LIMIT_${name.toUpperCase()}`);
    expect(readConfig({}, shape).pageItemsMax).toBe(200);
    expect(readConfig({ PARLEY_LIMIT_PAGEITEMSMAX: "300" }, shape).pageItemsMax).toBe(300);
    expect(faultsOf({ PARLEY_LIMIT_PAGEITEMSMAX: "301" }, shape)).toHaveLength(1);
    expect(faultsOf({ PARLEY_LIMIT_PAGEITEMSMAX: "0" }, shape)).toHaveLength(1);
  });

  test("can be listed for a manual, groups included", () => {
    expect(variablesOf(fields)).toContain("PARLEY_PING_TIMEOUT_MS");
    const rows = describeFields(fields);
    expect(rows[0]).toEqual({
      variable: "PARLEY_PORT",
      allowed: "a whole number from 0 to 65535",
      default: "3000",
    });
    expect(rows.find((row) => row.variable === "PARLEY_TOKEN_SECRET")?.default).toBeUndefined();
  });
});
