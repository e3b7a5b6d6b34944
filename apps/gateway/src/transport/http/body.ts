import { isUtf8 } from "node:buffer";
import { type Checked, type ErrorCode, ParleyError, wireError } from "@parley/protocol";
import type { FastifyInstance, FastifyRequest } from "fastify";

const utf8Charset = /^application\/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/iu;

/**
 * JSON is the one kind of body. Its bytes must be UTF-8: a decoder would put U+FFFD for what is not, and the service
 * would store a text that nobody sent.
 */
export function acceptJsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>("application/json", { parseAs: "buffer" }, (request, bytes, done) => {
    const body = parseJson(request, bytes);
    if (body.ok) done(null, body.value);
    else done(new ParleyError(body.error));
  });
}

function parseJson({ headers }: FastifyRequest, bytes: Buffer): Checked<unknown> {
  const encoding = headers["content-encoding"];
  const plain = encoding === undefined || encoding.toLowerCase() === "identity";
  if (!plain || !utf8Charset.test(headers["content-type"] ?? "")) return refused("unsupported_media_type");
  if (bytes.length === 0) return { ok: true, value: undefined };
  if (!isUtf8(bytes)) return refused("bad_request", "the body is not UTF-8");
  try {
    const value: unknown = JSON.parse(bytes.toString("utf8"));
    return { ok: true, value };
  } catch {
    return refused("bad_request", "the body is not JSON");
  }
}

const refused = (code: ErrorCode, message?: string) =>
  ({ ok: false, error: wireError(code, message) }) as const;
