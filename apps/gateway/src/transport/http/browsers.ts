import { ParleyError, wireError } from "@parley/protocol";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { originPolicy } from "../origin-policy.ts";

/** Below it is what clients call; beside it is what whoever runs the process calls. */
const apiPrefix = "/v1/";
const methods = "GET, HEAD, POST, PUT, PATCH, DELETE";
const requestFields =
  "authorization, content-type, idempotency-key, if-match, if-none-match, traceparent, x-audit-reason, x-request-id";
const answerFields =
  "etag, idempotency-replayed, link, location, ratelimit, ratelimit-policy, retry-after, x-request-id";
const preflightSeconds = 600;

/** For answers that no browser should show as a page, frame, sniff or keep. */
const guardFields = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
} as const;
const apiPolicy = "default-src 'none'; frame-ancestors 'none'";

/** Which pages may ask (Fetch, "CORS protocol"), and what browsers may do with the answers. */
export function guardBrowsers(app: FastifyInstance, origins: readonly string[]): void {
  const allows = originPolicy(origins);
  app.addHook("onRequest", async (request, reply) => {
    void reply.headers(guardFields);
    if (!isForApi(request)) return;
    void reply.header("cache-control", "no-store").header("content-security-policy", apiPolicy);
    void reply.header("vary", "origin");
    const { origin } = request.headers;
    if (!allows(origin, request.host)) throw new ParleyError(wireError("origin_refused"));
    if (origin === undefined) return;
    void reply
      .header("access-control-allow-origin", origin)
      .header("access-control-expose-headers", answerFields);
    if (isPreflight(request)) await answerPreflight(reply);
  });
}

/**
 * Whether the request is for what clients call. The route decides, for an address has many spellings: the router takes
 * `/%761/me` and `http://any.host/v1/me` for `/v1/me`.
 */
export const isForApi = ({ routeOptions, url }: FastifyRequest): boolean =>
  (routeOptions.url ?? url).startsWith(apiPrefix);

const isPreflight = ({ method, headers }: FastifyRequest): boolean =>
  method === "OPTIONS" && headers["access-control-request-method"] !== undefined;

async function answerPreflight(reply: FastifyReply): Promise<void> {
  await reply
    .code(204)
    .header("access-control-allow-methods", methods)
    .header("access-control-allow-headers", requestFields)
    .header("access-control-max-age", String(preflightSeconds))
    .send();
}
