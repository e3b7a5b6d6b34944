/**
 * Who may import whom. Every place in the tree has one row; what the row does not list is forbidden, and a file that no
 * row describes may import nothing. `tools/import-rules.test.ts` plants a violation of each kind and expects it found.
 */

import swcVisitor from "@swc/core/Visitor.js";

/**
 * The walk that dependency-cruiser makes over swc's syntax tree stops at `using` and `await using`, which swc itself
 * parses. Taught here; without it every file that closes what it opens would fail the check.
 */
const walk = swcVisitor.Visitor.prototype;
const visitStatement = walk.visitStatement;
walk.visitStatement = function visitAnyStatement(statement) {
  if (statement.type !== "UsingDeclaration") return visitStatement.call(this, statement);
  statement.decls = this.visitVariableDeclarators(statement.decls);
  return statement;
};

const ports = "accounts|bus|history-store|rate-limiter|room-log|roster";
const services = "gateway|history|presence";

const npm = (...names) => names.map((name) => `(^|/)node_modules/${name}/`);
const anyLibrary = "(^|/)node_modules/(?!@parley/)";
const face = (...names) => `^libs/(${names.join("|")})/src/index\\.ts$`;
const doors = (name) => `^libs/${name}/src/`;

const protocol = face("protocol");
const anyPort = face(ports);
const testTools = npm("vitest", "fast-check");
const testFile = "\\.test\\.ts$";
/** What several tests of an app share. */
const testSupport = "^apps/([^/]+)/src/(actors/)?testing/";
const contractFile = "/src/contract(\\.ts$|/)";
/** A port's promise and what it is made of: its package without suite, adapters and tests. */
const ownPort = "^libs/$1/src/(?!adapters/|contract(\\.ts|/)|.*\\.test\\.ts$)";

const drivers = {
  cassandra: ["cassandra-driver"],
  jetstream: ["@nats-io/[^/]+"],
  local: [],
  memory: ["lru-cache"],
  nats: ["@nats-io/[^/]+"],
  redis: ["ioredis"],
  sqlite: [],
};

/** `node`: whether `node:` modules are allowed. In `may`, `$1`, `$2` are the groups of `place`. */
const rows = [
  { name: "protocol", place: "^libs/(protocol)/src/", may: [doors("protocol"), ...npm("typebox")] },
  { name: "rooms", place: "^libs/(rooms)/src/", may: [doors("rooms"), protocol] },
  {
    name: "port",
    place: `^libs/(${ports})/src/`,
    except: ["^libs/[^/]+/src/adapters/", contractFile],
    may: [ownPort, protocol],
  },
  {
    name: "contract",
    place: `^libs/(${ports})${contractFile}`,
    may: [ownPort, "^libs/$1/src/contract/", protocol, ...testTools],
  },
  ...Object.entries(drivers).map(([technology, packages]) => ({
    name: `${technology}-adapter`,
    place: `^libs/(${ports})/src/adapters/${technology}[./-]`,
    may: [ownPort, `^libs/$1/src/adapters/${technology}[./-]`, protocol, ...npm(...packages)],
    node: true,
  })),
  {
    name: "connections",
    place: "^libs/connections/src/",
    may: [doors("connections"), ...npm("@nats-io/[^/]+", "ioredis", "cassandra-driver")],
    node: true,
  },
  {
    name: "fanout",
    place: "^libs/fanout/src/",
    may: [doors("fanout"), protocol, ...npm("socket.io", "engine.io", "ws", "@types/ws")],
    node: true,
  },
  {
    name: "auth",
    place: "^libs/auth/src/",
    may: [doors("auth"), protocol, ...npm("jsonwebtoken", "@types/jsonwebtoken", "lru-cache")],
    node: true,
  },
  {
    name: "client",
    place: "^libs/client/src/",
    except: ["^libs/client/src/adapters/"],
    may: ["^libs/client/src/(?!adapters/)", protocol, ...npm("socket.io-client")],
  },
  {
    name: "client-file-storage",
    place: "^libs/client/src/adapters/(file)[./-]",
    may: ["^libs/client/src/(?!adapters/)", "^libs/client/src/adapters/file[./-]", protocol],
    node: true,
  },
  {
    name: "client-indexeddb-storage",
    place: "^libs/client/src/adapters/(indexeddb)[./-]",
    may: ["^libs/client/src/(?!adapters/)", "^libs/client/src/adapters/indexeddb[./-]", protocol],
  },
  {
    name: "telemetry",
    place: "^libs/telemetry/src/",
    may: [doors("telemetry"), ...npm("pino", "@prometheus-io/client", "@opentelemetry/[^/]+")],
    node: true,
  },
  { name: "config", place: "^libs/config/src/", may: [doors("config")], node: true },
  {
    name: "testing",
    place: "^libs/testing/src/",
    may: [doors("testing"), doors("client"), protocol, ...testTools],
    node: true,
  },
  {
    name: "domain",
    place: "^apps/([^/]+)/src/domain/",
    may: ["^apps/$1/src/domain/", protocol, face("rooms"), anyPort],
  },
  {
    name: "actors",
    place: "^apps/([^/]+)/src/actors/",
    except: [testSupport],
    may: [
      "^apps/$1/src/(domain|actors)/",
      "^apps/$1/src/telemetry\\.ts$",
      protocol,
      anyPort,
      face("rooms", "telemetry", "auth"),
      ...npm("lru-cache"),
    ],
    node: true,
  },
  {
    name: "transport",
    place: "^apps/([^/]+)/src/transport/",
    may: [
      "^apps/$1/src/(domain|actors|transport)/",
      "^apps/$1/src/telemetry\\.ts$",
      protocol,
      anyPort,
      face("telemetry", "fanout", "auth"),
      ...npm("fastify", "@fastify/[^/]+", "socket.io", "typebox", "lru-cache"),
    ],
    node: true,
  },
  {
    name: "app-telemetry",
    place: "^apps/([^/]+)/src/telemetry\\.ts$",
    may: ["^apps/$1/src/domain/", protocol, anyPort, face("telemetry")],
    node: true,
  },
  {
    name: "app-config",
    place: `^apps/(${services})/src/config\\.ts$`,
    may: ["^apps/$1/src/domain/", protocol, face("config")],
    node: true,
  },
  {
    name: "service",
    place: `^apps/(${services})/src/service\\.ts$`,
    may: [
      "^apps/$1/src/(domain|actors|transport)/",
      "^apps/$1/src/(config|telemetry)\\.ts$",
      protocol,
      anyPort,
      face("rooms", "telemetry", "config", "fanout", "auth"),
      ...npm("fastify", "@fastify/[^/]+", "socket.io", "lru-cache"),
    ],
    node: true,
  },
  {
    name: "main",
    place: `^apps/(${services})/src/main\\.ts$`,
    may: ["^apps/$1/src/", "^libs/(?!testing/)", anyLibrary],
    node: true,
  },
  {
    name: "standalone-main",
    place: "^apps/(standalone)/src/main\\.ts$",
    may: [
      "^apps/$1/src/",
      `^apps/(${services})/src/(service|config)\\.ts$`,
      "^libs/(?!testing/)",
      anyLibrary,
    ],
    node: true,
  },
  {
    name: "standalone",
    place: "^apps/(standalone)/src/(service|config)\\.ts$",
    may: [
      "^apps/$1/src/(service|config|telemetry)\\.ts$",
      `^apps/(${services})/src/(service|config)\\.ts$`,
      protocol,
      anyPort,
      face("telemetry", "config"),
    ],
    node: true,
  },
  {
    name: "terminal-chat",
    place: "^apps/(standalone)/src/chat(\\.ts$|/)",
    may: ["^apps/$1/src/chat(\\.ts$|/)", doors("client"), protocol, ...npm("commander")],
    node: true,
  },
  {
    name: "e2e",
    place: "^e2e/",
    may: ["^e2e/", doors("client"), protocol, face("testing"), anyLibrary],
    node: true,
    testsToo: true,
  },
  {
    name: "bench",
    place: "^bench/",
    may: ["^bench/", doors("client"), protocol, face("testing"), anyLibrary],
    node: true,
    testsToo: true,
  },
  {
    name: "tools",
    place: "^tools/",
    except: ["^tools/docs[./]"],
    may: ["^tools/", anyLibrary],
    node: true,
    testsToo: true,
  },
  {
    name: "docs-tool",
    place: "^tools/docs[./]",
    may: [
      "^tools/",
      `^apps/(standalone|${services})/src/(config|telemetry)\\.ts$`,
      doors("client"),
      protocol,
      face("config", "telemetry"),
      anyLibrary,
    ],
    node: true,
    testsToo: true,
  },
  { name: "example", place: "^docs/examples/", may: [doors("client"), protocol] },
  {
    name: "library-test",
    place: `^libs/([^/]+)/.*${testFile}`,
    may: ["^libs/$1/", protocol, face("testing", "connections"), anyLibrary],
    node: true,
    testsToo: true,
  },
  {
    name: "app-test",
    place: `^apps/([^/]+)/.*${testFile}`,
    may: ["^apps/$1/", "^libs/[^/]+/src/(?!contract)", anyLibrary],
    node: true,
    testsToo: true,
  },
  {
    name: "app-test-support",
    place: testSupport,
    may: ["^apps/$1/", "^libs/[^/]+/src/(?!contract)", anyLibrary],
    node: true,
  },
  {
    name: "standalone-test",
    place: `^apps/(standalone)/.*${testFile}`,
    may: [`^apps/($1|${services})/src/`, "^libs/[^/]+/src/(?!contract)", anyLibrary],
    node: true,
    testsToo: true,
  },
];

const from = ({ place, except = [], testsToo = false, name }) => ({
  path: place,
  pathNot: [
    ...except,
    ...(testsToo ? [] : [testFile]),
    ...(name === "app-test" ? ["^apps/standalone/"] : []),
  ],
});

const rowRules = rows.flatMap((row) => [
  {
    name: `imports-of-${row.name}`,
    severity: "error",
    from: from(row),
    to: { dependencyTypesNot: ["core"], pathNot: row.may },
  },
  ...(row.node
    ? []
    : [
        {
          name: `no-node-in-${row.name}`,
          severity: "error",
          from: from(row),
          to: { dependencyTypes: ["core"] },
        },
      ]),
]);

const error = (name, fromWhere, to) => ({ name, severity: "error", from: fromWhere, to });

export default {
  forbidden: [
    ...rowRules,
    error("place-without-a-row", { pathNot: rows.map((row) => row.place) }, {}),
    error("no-cycle", {}, { circular: true }),
    error("no-unresolved-import", {}, { couldNotResolve: true }),
    error("contract-only-by-tests", { pathNot: [testFile, contractFile] }, { path: contractFile }),
    error("tests-are-not-imported", {}, { path: testFile }),
    error("test-support-only-by-tests", { pathNot: [testFile, testSupport] }, { path: testSupport }),
    error("main-is-not-imported", { pathNot: [testFile] }, { path: "^apps/[^/]+/src/main\\.ts$" }),
    error(
      "connections-only-by-main",
      { pathNot: [testFile, testSupport, "^apps/[^/]+/src/main\\.ts$", "^libs/connections/"] },
      { path: "^libs/connections/" },
    ),
  ],
  options: {
    parser: "swc",
    doNotFollow: { path: "node_modules" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default"],
      extensions: [".ts", ".js", ".mjs", ".json"],
    },
  },
};
