import { AccountsUnavailableError } from "@parley/accounts";
import {
  type ErrorCode,
  errorCatalogue,
  type Fault,
  ParleyError,
  type Problem,
  type WireError,
  wireError,
} from "@parley/protocol";

export const problemMediaType = "application/problem+json; charset=utf-8";
/** Where the catalogue is shown; each code is an anchor there. */
export const errorDocsPath = "/docs/errors.md";
/** What a caller waits before the next try when nobody knows better. */
const patienceMs = 1_000;

/** RFC 9457, with the catalogue's code and title. */
export function problemOf(error: WireError, requestId: string): Problem {
  const { status, title } = errorCatalogue[error.code];
  const errors = faultsOf(error);
  const bucket = error.detail?.["bucket"];
  return {
    type: `${errorDocsPath}#${error.code}`,
    title,
    status,
    detail: error.message,
    code: error.code,
    requestId,
    ...(error.retryAfterMs !== undefined && { retryAfterMs: error.retryAfterMs }),
    ...(typeof bucket === "string" && { bucket }),
    ...(errors.length > 0 && { errors: [...errors] }),
  };
}

export function problemHeaders(error: WireError): Readonly<Record<string, string>> {
  const retryMs = error.retryAfterMs ?? (errorCatalogue[error.code].status === 503 ? patienceMs : undefined);
  const challenge = challengeOf(error.code);
  return {
    "content-type": problemMediaType,
    ...(retryMs !== undefined && { "retry-after": String(Math.max(1, Math.ceil(retryMs / 1_000))) }),
    ...(challenge !== undefined && { "www-authenticate": challenge }),
  };
}

/** What a thrown error is for a client. Whatever nobody foresaw is `internal` and says nothing of itself. */
export function wireErrorOf(error: unknown): WireError {
  if (error instanceof ParleyError) return error.wire;
  if (error instanceof AccountsUnavailableError) {
    return wireError("unavailable", "accounts cannot be read or written now");
  }
  return fastifyFault(error) ?? wireError("internal");
}

/** Fastify's own refusals, all of which come before a handler runs. */
function fastifyFault(error: unknown): WireError | undefined {
  if (!(error instanceof Error) || !("statusCode" in error)) return undefined;
  switch (error.statusCode) {
    case 400:
    case 414:
      return wireError("bad_request", error.message);
    case 413:
      return wireError("too_large", error.message);
    case 415:
      return wireError("unsupported_media_type", "bodies are application/json in UTF-8, not compressed");
    default:
      return undefined;
  }
}

function faultsOf({ detail, message }: WireError): readonly Fault[] {
  if (detail === undefined) return [];
  if (Array.isArray(detail["errors"])) return detail["errors"] as readonly Fault[];
  return typeof detail["pointer"] === "string" ? [{ pointer: detail["pointer"], detail: message }] : [];
}

/** RFC 6750 §3. */
function challengeOf(code: ErrorCode): string | undefined {
  switch (code) {
    case "unauthorized":
    case "token_expired":
    case "token_revoked":
      return 'Bearer error="invalid_token"';
    case "scope_missing":
      return 'Bearer error="insufficient_scope"';
    default:
      return undefined;
  }
}
