import {
  type ErrorCode,
  errorCatalogue,
  type Limits,
  ParleyError,
  uuidV7,
  wireError,
} from "@parley/protocol";
import type { Server } from "node:http";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { Authenticator } from "../../actors/authenticator.ts";
import type { Desks } from "../../actors/desks.ts";
import { annotationEndpoints } from "./annotations.ts";
import { acceptJsonBodies } from "./body.ts";
import { botEndpoints } from "./bots.ts";
import { guardBrowsers, isForApi } from "./browsers.ts";
import { answerClientFault } from "./client-fault.ts";
import { Endpoints } from "./endpoint.ts";
import { errorDocsEndpoint } from "./error-docs.ts";
import { eventEndpoints } from "./events.ts";
import { guestEndpoints } from "./guests.ts";
import { destroyHalfOpen } from "./half-open.ts";
import { type Health, healthEndpoints, type MetricsSource } from "./health.ts";
import { userEndpoints } from "./me.ts";
import { memberEndpoints } from "./members.ts";
import { messageEndpoints } from "./messages.ts";
import { problemHeaders, problemOf, wireErrorOf } from "./problem.ts";
import { revocationEndpoints } from "./revocations.ts";
import { roomEndpoints } from "./rooms.ts";
import { answerStrays } from "./routes.ts";
import type { Surface } from "./surface.ts";

/** From a request's first byte to its last; a client that trickles is cut off. */
const requestMs = 30_000;
/** In which not a byte of an answer was taken: its reader is cut off, since the answer stays in memory as long. */
const stalledMs = 30_000;
/** Longer than the usual idle time-out of a load balancer, so that it is the one who closes. */
const keepAliveMs = 72_000;
/** Path parts are checked by their schemas; this is only to keep the router's own small limit out of the way. */
const pathPartCharactersMax = 1_024;
const requestIdPattern = /^[A-Za-z0-9_-]{1,64}$/u;

export interface HttpTelemetry extends MetricsSource {
  /** A connection over the bound was closed before a byte of it was read. */
  connectionDropped(): void;
  httpAnswered(request: {
    readonly method: string;
    /** The route's pattern, never the address itself; `undefined` for an unknown one. */
    readonly route: string | undefined;
    readonly status: number;
    readonly durationMs: number;
    readonly requestId: string;
  }): void;
  /** A failure nobody foresaw; its client got `internal`. */
  httpFailed(error: unknown, requestId: string): void;
}

export interface HttpConfig {
  readonly origins: readonly string[];
  readonly trustedProxies: readonly string[];
  readonly limits: Limits;
}

export interface HttpParts {
  readonly config: HttpConfig;
  readonly desks: Desks;
  readonly authenticator: Pick<Authenticator, "authenticate">;
  readonly telemetry: HttpTelemetry;
  readonly health: Health;
  readonly clock: { readonly nowMs: () => number };
}

/**
 * The REST surface, not yet listening: sockets are attached to its `server`, and whoever attaches them closes them in a
 * `preClose` hook, since closing waits for every connection.
 */
export function createHttp({
  config,
  desks,
  authenticator,
  telemetry,
  health,
  clock,
}: HttpParts): FastifyInstance {
  const app = newApp(config, clock);
  destroyHalfOpen(app.server);
  boundConnections(app.server, { config, telemetry });
  answerProblems(app, telemetry);
  answerStrays(app);
  observe(app, telemetry);
  guardBrowsers(app, config.origins);
  waitUntilReady(app, health);
  acceptJsonBodies(app);
  const endpoints = new Endpoints({ app, authenticator, clock });
  const surface: Surface = { endpoints, desks, deadlineMs: config.limits.commandDeadlineMs };
  guestEndpoints(surface);
  botEndpoints(surface);
  userEndpoints(surface);
  roomEndpoints(surface);
  memberEndpoints(surface);
  messageEndpoints(surface);
  annotationEndpoints(surface);
  eventEndpoints(surface);
  revocationEndpoints(surface);
  healthEndpoints(app, health, telemetry);
  errorDocsEndpoint(app);
  return app;
}

const newApp = ({ limits, trustedProxies }: HttpConfig, clock: HttpParts["clock"]): FastifyInstance =>
  Fastify({
    bodyLimit: limits.bodyBytesMax,
    requestTimeout: requestMs,
    connectionTimeout: stalledMs,
    keepAliveTimeout: keepAliveMs,
    trustProxy: trustedProxies.length === 0 ? false : [...trustedProxies],
    routerOptions: { maxParamLength: pathPartCharactersMax },
    // A load balancer's or client's own id is kept, so that both sides' logs name the same request.
    genReqId: ({ headers }) => {
      const given = headers["x-request-id"];
      return typeof given === "string" && requestIdPattern.test(given) ? given : uuidV7(clock.nowMs());
    },
    clientErrorHandler: answerClientFault,
    frameworkErrors: (error, request, reply) => {
      sendProblem(error, request, reply);
    },
  });

/** Nobody is served before this node was ready once: a revoked token could come before its revocation is known. */
function waitUntilReady(app: FastifyInstance, health: Health): void {
  let wasReady = false;
  app.addHook("onRequest", async (request) => {
    wasReady ||= health.missing().length === 0;
    if (wasReady || !isForApi(request)) return;
    throw new ParleyError(wireError("unavailable", `starting: ${health.missing().join(", ")}`));
  });
}

function answerProblems(app: FastifyInstance, telemetry: HttpTelemetry): void {
  app.setErrorHandler((error, request, reply) => {
    const { code } = sendProblem(error, request, reply);
    if (code === "internal") telemetry.httpFailed(error, request.id);
  });
}

function sendProblem(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): { readonly code: ErrorCode } {
  const wire = wireErrorOf(error);
  void reply
    .code(errorCatalogue[wire.code].status)
    .headers(problemHeaders(wire))
    .send(JSON.stringify(problemOf(wire, request.id)));
  return wire;
}

function observe(app: FastifyInstance, telemetry: HttpTelemetry): void {
  app.addHook("onRequest", async (request, reply) => {
    void reply.header("x-request-id", request.id);
  });
  app.addHook("onResponse", async (request, reply) => {
    telemetry.httpAnswered({
      method: request.method,
      route: request.is404 ? undefined : request.routeOptions.url,
      status: reply.statusCode,
      durationMs: reply.elapsedTime,
      requestId: request.id,
    });
  });
}

/** Sockets have their own, lower bound with an answer; this one also holds for peers that never send a request. */
function boundConnections(
  server: Server,
  { config: { limits }, telemetry }: Pick<HttpParts, "config" | "telemetry">,
): void {
  server.maxConnections = limits.connectionsMax + limits.plainConnectionsMax;
  server.on("drop", () => telemetry.connectionDropped());
}
