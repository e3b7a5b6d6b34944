import type { FastifyInstance } from "fastify";

export interface Health {
  /** What keeps this node from serving, in words; empty when it serves. */
  missing(): readonly string[];
}

export interface MetricsSource {
  metricsText(): Promise<{ readonly contentType: string; readonly body: string }>;
}

/** For whoever runs the process: `/healthz` (it lives), `/readyz` (send it work), `/metrics`. */
export function healthEndpoints(app: FastifyInstance, health: Health, metrics: MetricsSource): void {
  app.get("/healthz", async (_, reply) => reply.send({ status: "ok" }));
  app.get("/readyz", async (_, reply) => {
    const missing = health.missing();
    const ready = missing.length === 0;
    return reply.code(ready ? 200 : 503).send(ready ? { status: "ready" } : { status: "not ready", missing });
  });
  app.get("/metrics", async (_, reply) => {
    const { contentType, body } = await metrics.metricsText();
    return reply.header("content-type", contentType).send(body);
  });
}
