import { wireError, ParleyError } from "@parley/protocol";
import type { FastifyInstance } from "fastify";

interface Route {
  readonly segments: readonly string[];
  readonly methods: readonly string[];
}

/** Answers what no endpoint does: `method_not_allowed` with `Allow` where another method would do, else `not_found`. */
export function answerStrays(app: FastifyInstance): void {
  const routes: Route[] = [];
  app.addHook("onRoute", ({ url, method }) => {
    routes.push({ segments: url.split("/"), methods: [method].flat() });
  });
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split("?")[0] ?? "";
    const allowed = new Set(
      routes.filter((route) => matches(route.segments, path)).flatMap((route) => route.methods),
    );
    if (allowed.size === 0) throw new ParleyError(wireError("not_found", `nothing at ${path}`));
    void reply.header("allow", [...allowed].join(", "));
    throw new ParleyError(wireError("method_not_allowed"));
  });
}

function matches(segments: readonly string[], path: string): boolean {
  const given = path.split("/");
  return (
    given.length === segments.length &&
    segments.every((segment, index) =>
      segment.startsWith(":") ? given[index] !== "" : segment === given[index],
    )
  );
}
