import type { Page } from "@parley/protocol";
import type { FastifyRequest } from "fastify";
import type { Answer } from "./endpoint.ts";

export const pageItemsDefault = 50;
/** Parameters that say where a page begins, which a cursor says instead. */
const placeParameters = ["before", "after", "around", "cursor"];

/** A page, with the address of the next one (RFC 8288). */
export function pageAnswer(request: FastifyRequest, page: Page<unknown>): Answer {
  if (page.nextCursor === undefined) return { status: 200, body: page };
  const link = `<${nextAddress(request.url, page.nextCursor)}>; rel="next"`;
  return { status: 200, body: page, headers: { link } };
}

function nextAddress(address: string, cursor: string): string {
  const [path = "", query] = address.split("?");
  const parameters = new URLSearchParams(query);
  for (const name of placeParameters) parameters.delete(name);
  parameters.set("cursor", cursor);
  return `${path}?${parameters.toString()}`;
}
