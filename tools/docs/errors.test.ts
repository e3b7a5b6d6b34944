import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Clock,
  createClient,
  type Link,
  type LinkEvents,
  type OpenLink,
  type Submission,
} from "@parley/client";
import {
  closeCatalogue,
  type CloseCode,
  closeCodes,
  type ConnectRefusal,
  defaultLimits,
  type ErrorCode,
  errorCatalogue,
  errorCodes,
  mustParse,
  parseNodeId,
  parseSessionId,
  parseUserId,
  wireError,
} from "@parley/protocol";
import { describe, expect, test } from "vitest";
import { classText, closeAnchor } from "./catalogues.ts";
import { codeHeadings, documentedCloses, documentedErrors } from "./catalogue-docs.ts";
import { root } from "./sections.ts";

const text = readFileSync(join(root, "docs/errors.md"), "utf8");

describe("docs/errors.md", () => {
  test("has one section for each error of the catalogue, with its status and class", () => {
    expect(documentedErrors(text)).toEqual(
      errorCodes.map((code) => {
        const { status, class: errorClass } = errorCatalogue[code];
        return { code, status, class: classText(errorClass) };
      }),
    );
  });

  test("has one section for each close of the catalogue, with its class", () => {
    expect(documentedCloses(text)).toEqual(
      closeCodes.map((code) => ({ code, status: undefined, class: closeCatalogue[code].class })),
    );
  });

  test("has no section for a code that does not exist", () => {
    expect(codeHeadings(text)).toEqual([...errorCodes, ...closeCodes.map(closeAnchor)]);
  });
});

/** Time stands still, so what is put off stays so. */
const clock: Clock = {
  nowMs: () => Date.parse("2026-01-02T03:04:05.678Z"),
  after: () => () => undefined,
  random: () => 0.5,
};

/** A server that is what `script` makes of each connection. */
const scripted =
  (script: (events: LinkEvents) => Link): OpenLink =>
  (_, events) =>
    script(events);

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

const clientOn = (openLink: OpenLink) =>
  createClient({ url: "http://127.0.0.1:1", getToken: async () => "token", clock, openLink });

/** What a client is doing after a server refused every try with `code`. */
async function afterRefusal(code: ConnectRefusal["code"]): Promise<"stopped" | "waiting"> {
  await using client = clientOn(
    scripted((events) => {
      queueMicrotask(() => events.ended({ kind: "refused", refusal: { code } }));
      return {
        request: async () => ({ ok: false, error: wireError("unavailable") }),
        close: () => undefined,
      };
    }),
  );
  client.connect().catch(() => undefined);
  await settled();
  const { kind } = client.state;
  if (kind !== "stopped" && kind !== "waiting") throw new Error(`the client is ${kind} after ${code}`);
  return kind;
}

/** What becomes of a message that a server answers with `code`. */
async function afterAnswer(code: ErrorCode): Promise<Submission["state"]> {
  await using client = clientOn(
    scripted((events) => {
      queueMicrotask(() =>
        events.hello({
          node: mustParse(parseNodeId, "n"),
          protocol: 1,
          sessionId: mustParse(parseSessionId, "s"),
          userId: mustParse(parseUserId, "u"),
          limits: defaultLimits,
          serverTime: new Date(clock.nowMs()).toISOString(),
        }),
      );
      return { request: async () => ({ ok: false, error: wireError(code) }), close: () => undefined };
    }),
  );
  await client.connect();
  const submission = client.room("r").send({ text: "hello" });
  await settled();
  return submission.state;
}

describe("the SDK does what the catalogues say", () => {
  test.each(errorCodes)("with a command that is answered %s", async (code) => {
    const expected = errorCatalogue[code].class === "final" ? "failed" : "queued";
    expect(await afterAnswer(code)).toBe(expected);
  });

  test.each(closeCodes)("with a connection that is refused with %s", async (code: CloseCode) => {
    const expected = closeCatalogue[code].class === "stop" ? "stopped" : "waiting";
    expect(await afterRefusal(code)).toBe(expected);
  });
});
