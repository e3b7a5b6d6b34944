import { describeFields, type Fields } from "@parley/config";
import { limitNames, limitTable, limitVariable } from "@parley/protocol";
import { gatewayFields } from "../../apps/gateway/src/config.ts";
import { historyFields } from "../../apps/history/src/config.ts";
import { presenceFields } from "../../apps/presence/src/config.ts";
import { standaloneFields } from "../../apps/standalone/src/config.ts";
import { table } from "./generated-blocks.ts";

/** What each variable is for. A variable without a line here is an error, and so is a line without a variable. */
const meanings: Readonly<Record<string, string>> = {
  PARLEY_AUTH_AUDIENCE: "`aud` that tokens must carry",
  PARLEY_AUTH_CLOCK_TOLERANCE_S: "seconds by which the clocks of provider and server may differ",
  PARLEY_AUTH_ISSUER:
    "`iss` that tokens must carry; with neither secret nor JWKS address the keys are discovered from it",
  PARLEY_AUTH_JWKS_URL: "the identity provider's public keys (RS256, ES256)",
  PARLEY_AUTH_SECRET: "shared secret for HS256 tokens; also signs guests'",
  PARLEY_DATA_DIR: "the one folder in which everything is kept",
  PARLEY_ENV: "`production` refuses guests and planted faults, and makes no secret by itself",
  PARLEY_GUESTS:
    "whether `POST /v1/guests` hands out tokens; unset: yes, unless this is production or there is no secret",
  PARLEY_GUEST_TTL_MS: "life of a guest's token",
  PARLEY_HISTORY_INSTANCE: "name of the history instance; the server adds a number to it",
  PARLEY_HISTORY_INSTANCES:
    "history instances in this process; more than one is for tests of their getting along",
  PARLEY_HOST: "address to listen on",
  PARLEY_LOG_BYTES_MAX: "size of the log at which sends are refused rather than anything forgotten",
  PARLEY_LOG_KEEP_ARCHIVED_MS: "how long the log keeps entries that are archived",
  PARLEY_LOG_LEVEL: "least level of log lines",
  PARLEY_NODE_ID: "name of the node in `hello` and in presence; unset: made anew at each start",
  PARLEY_ORIGINS: "origins whose pages may connect, beside the one that this server itself serves",
  PARLEY_PARTITIONS: "partitions of rooms; fixed for the life of the data folder",
  PARLEY_PORT: "port to listen on; 0: any that is free",
  PARLEY_PRESENCE_SWEEP_MS: "between two looks for ended graces and silent leases",
  PARLEY_TEST_FAULTS: "plants bugs, to see that the checks find them; refused in production",
  PARLEY_TRUSTED_PROXIES: "proxies whose `X-Forwarded-For` is believed",
};

/** Defaults that differ from machine to machine. */
const shownDefaults: Readonly<Record<string, string>> = {
  PARLEY_HISTORY_INSTANCE: "from host name and process id",
};

const groups: readonly Fields[] = [standaloneFields, gatewayFields, historyFields, presenceFields];
const limitVariables = new Set(limitNames.map(limitVariable));

/** Every variable of the one-process server, but for the limits. */
export function variablesTable(): string {
  const described = new Map(
    groups.flatMap(describeFields).map((description) => [description.variable, description]),
  );
  const own = [...described.values()].filter(({ variable }) => !limitVariables.has(variable));
  const unknown = Object.keys(meanings).filter((variable) => !described.has(variable));
  if (unknown.length > 0) throw new Error(`no such variable: ${unknown.join(", ")}`);
  const rows = own
    .sort((left, right) => (left.variable < right.variable ? -1 : 1))
    .map(({ variable, allowed, default: fallback = "must be set" }) => {
      const meaning = meanings[variable];
      if (meaning === undefined)
        throw new Error(`tools/docs/variables.ts does not say what ${variable} is for`);
      return [
        `\`${variable}\``,
        meaning,
        shownDefaults[variable] ?? (fallback === "" ? "none" : fallback),
        allowed,
      ];
    });
  return table(["variable", "for", "default", "allowed"], rows);
}

/** Every limit, as an operator sets it. */
export function limitsTable(): string {
  const rows = limitNames.map((name) => {
    const { default: value, max, unit, doc } = limitTable[name];
    return [`\`${limitVariable(name)}\``, doc, `${value}`, `${max}`, unit];
  });
  return table(["variable", "bounds", "default", "largest", "unit"], rows);
}

/** Every limit, as `hello` names it. */
export function limitNamesTable(): string {
  const rows = limitNames.map((name) => {
    const { default: value, unit, doc } = limitTable[name];
    return [`\`${name}\``, doc, `${value} ${unit}`];
  });
  return table(["limit", "bounds", "default"], rows);
}
