import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { errorCatalogue, uuidV7, wireError } from "@parley/protocol";
import { problemMediaType, problemOf } from "./problem.ts";

/** Answers bytes that are no HTTP request, or not all of one in time, as any other refusal; then ends the connection. */
export function answerClientFault(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const oversized = error.code === "HPE_HEADER_OVERFLOW";
  const wire = oversized ? wireError("too_large", "the header is too large") : wireError("bad_request");
  const { status } = errorCatalogue[wire.code];
  const body = JSON.stringify(problemOf(wire, uuidV7(Date.now())));
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
      `content-type: ${problemMediaType}`,
      `content-length: ${Buffer.byteLength(body)}`,
      "connection: close",
      "",
      body,
    ].join("\r\n"),
  );
}
