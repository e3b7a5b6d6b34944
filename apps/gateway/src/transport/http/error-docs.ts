import { errorCatalogue, errorCodes } from "@parley/protocol";
import type { FastifyInstance } from "fastify";
import { errorDocsPath } from "./problem.ts";

/** Where a problem's `type` leads: every code with its meaning. */
export function errorDocsEndpoint(app: FastifyInstance): void {
  const page = ["# Errors", ...errorCodes.map(section)].join("\n\n");
  app.get(errorDocsPath, async (_, reply) => reply.type("text/markdown; charset=utf-8").send(`${page}\n`));
}

function section(code: (typeof errorCodes)[number]): string {
  const { status, title, class: errorClass } = errorCatalogue[code];
  const key =
    errorClass === "keep" ? "No final answer: ask again with the same key." : "The answer is final.";
  return `## ${code}\n\n${status}. ${title} ${key}`;
}
