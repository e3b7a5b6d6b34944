import { randomBytes } from "node:crypto";

/** What a W3C `traceparent` header carries (Trace Context, https://www.w3.org/TR/trace-context/, version 00). */
export interface TraceContext {
  /** 32 lower-case hex digits, the same for everything that one request causes. */
  readonly traceId: string;
  /** 16 lower-case hex digits: the caller's own part of the trace. */
  readonly parentId: string;
  readonly sampled: boolean;
}

const header = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/u;
const sampledFlag = 1;

/** `undefined` when the text is no valid `traceparent`; versions above 00 are read as far as 00 goes. */
export function parseTraceparent(text: string | undefined): TraceContext | undefined {
  const match = text === undefined ? undefined : header.exec(text);
  if (match === null || match === undefined) return undefined;
  const [, version = "", traceId = "", parentId = "", flags = "", more] = match;
  const valid = version !== "ff" && (version !== "00" || more === undefined);
  if (!valid || isZero(traceId) || isZero(parentId)) return undefined;
  return { traceId, parentId, sampled: (Number.parseInt(flags, 16) & sampledFlag) !== 0 };
}

export const formatTraceparent = ({ traceId, parentId, sampled }: TraceContext): string =>
  `00-${traceId}-${parentId}-${sampled ? "01" : "00"}`;

/** What is sent on behalf of `parent`: the same trace, a new parent id. Without a parent a new trace begins. */
export function childTrace(parent: TraceContext | undefined): TraceContext {
  const parentId = randomId(8);
  return parent === undefined
    ? { traceId: randomId(16), parentId, sampled: true }
    : { traceId: parent.traceId, parentId, sampled: parent.sampled };
}

/** The `traceparent` to hand on for a request that came with `incoming`, which may be missing or malformed. */
export const continueTraceparent = (incoming: string | undefined): string =>
  formatTraceparent(childTrace(parseTraceparent(incoming)));

const isZero = (hex: string): boolean => /^0+$/u.test(hex);

function randomId(bytes: number): string {
  const hex = randomBytes(bytes).toString("hex");
  return isZero(hex) ? randomId(bytes) : hex;
}
