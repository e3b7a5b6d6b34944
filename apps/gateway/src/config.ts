import { isIP } from "node:net";
import {
  boolean,
  type ConfigOf,
  type CrossCheck,
  type Environment,
  field,
  integer,
  limitFields,
  list,
  milliseconds,
  oneOf,
  optional,
  type Parser,
  readConfig,
  secret,
  text,
  url,
} from "@parley/config";
import type { PlantedFault } from "./domain/faults.ts";
import { limitTable, limitVariable, parseNodeId } from "@parley/protocol";

const dayMs = 86_400_000;

const originParser: Parser<string> = {
  parse: (value) => {
    const parsed = URL.parse(value);
    const web = parsed?.protocol === "http:" || parsed?.protocol === "https:";
    return web && parsed.origin === value ? value : undefined;
  },
  allowed: "an origin like https://chat.example.org, without a path",
};

const proxyParser: Parser<string> = {
  parse: (value) => {
    const [address = "", bits, ...rest] = value.split("/");
    const family = isIP(address);
    const bitsMax = family === 6 ? 128 : 32;
    const sound = bits === undefined || (/^\d{1,3}$/u.test(bits) && Number(bits) <= bitsMax);
    return family !== 0 && sound && rest.length === 0 ? value : undefined;
  },
  allowed: "an IP address or a range like 10.0.0.0/8",
};

/** The variables of the gateway service. */
export const gatewayFields = {
  host: text("PARLEY_HOST", { default: "127.0.0.1" }),
  port: integer("PARLEY_PORT", { default: 3_000, min: 0, max: 65_535 }),
  env: oneOf("PARLEY_ENV", ["production", "development"], { default: "development" }),
  nodeId: optional(field("PARLEY_NODE_ID", { parse: parseNodeId, allowed: "1 to 64 of A-Z a-z 0-9 _ -" })),
  partitions: integer("PARLEY_PARTITIONS", { default: 64, min: 1, max: 1_024 }),
  origins: list("PARLEY_ORIGINS", { of: originParser, default: [] }),
  trustedProxies: list("PARLEY_TRUSTED_PROXIES", { of: proxyParser, default: [] }),
  guests: optional(boolean("PARLEY_GUESTS")),
  guestTtlMs: milliseconds("PARLEY_GUEST_TTL_MS", { default: dayMs, min: 60_000, max: 30 * dayMs }),
  auth: {
    secret: optional(secret("PARLEY_AUTH_SECRET", { bytesMin: 32 })),
    jwksUrl: optional(url("PARLEY_AUTH_JWKS_URL", { protocols: ["https:", "http:"] })),
    issuer: optional(text("PARLEY_AUTH_ISSUER")),
    audience: optional(text("PARLEY_AUTH_AUDIENCE")),
    clockToleranceS: integer("PARLEY_AUTH_CLOCK_TOLERANCE_S", { default: 5, min: 0, max: 300 }),
  },
  limits: limitFields(limitTable, limitVariable),
};

type Read = ConfigOf<typeof gatewayFields>;

/**
 * `origins`: whose pages may connect, beside those that this service itself serves. `guests`: whether anybody may have a
 * token; on unless this is production. `trustedProxies`: whose `X-Forwarded-For` is believed.
 */
export type GatewayConfig = Omit<Read, "guests"> & {
  readonly guests: boolean;
  /** Planted by tests, never by configuration of a gateway of its own. */
  readonly faults?: ReadonlySet<PlantedFault>;
};

const verifiable = ({ auth }: Read): boolean =>
  auth.secret !== undefined || auth.jwksUrl !== undefined || URL.canParse(auth.issuer ?? "");

const checks: readonly CrossCheck<Read>[] = [
  {
    variables: ["PARLEY_ENV", "PARLEY_GUESTS"],
    holds: ({ env, guests }) => env !== "production" || guests !== true,
    allowed: "no guests in production: anybody could speak as anybody new",
  },
  {
    variables: ["PARLEY_AUTH_SECRET", "PARLEY_AUTH_JWKS_URL", "PARLEY_AUTH_ISSUER"],
    holds: verifiable,
    allowed:
      "one to verify tokens with: a secret, a JWKS address, or the URL of an issuer whose discovery names one",
  },
  {
    variables: ["PARLEY_AUTH_SECRET", "PARLEY_GUESTS"],
    holds: ({ auth, guests }) => guests !== true || auth.secret !== undefined,
    allowed: "a secret to sign guests' tokens with",
  },
];

/** Throws `ConfigError` with every fault at once. `alsoKnown`: variables of others that are set in the same place. */
export function readGatewayConfig(env: Environment, alsoKnown: readonly string[]): GatewayConfig {
  const read = readConfig(env, gatewayFields, { checks, alsoKnown });
  const guests = read.guests ?? (read.env !== "production" && read.auth.secret !== undefined);
  return Object.freeze({ ...read, guests });
}
