import {
  type CloseCode,
  closeCatalogue,
  type ConnectRefusal,
  type ErrorCode,
  isFinal,
} from "@parley/protocol";
import { type BackOff, hintedPauseMs, pauseMs } from "./back-off.ts";

/** Why a socket ended, or was never let in. */
export type Ending =
  /** The transport broke, or nobody answered. */
  | { readonly kind: "lost"; readonly reason: string }
  /** No token could be had. */
  | { readonly kind: "no-token"; readonly reason: string }
  /** The server said why before it closed. */
  | { readonly kind: "closed"; readonly code: CloseCode; readonly retryAfterMs?: number }
  | { readonly kind: "refused"; readonly refusal: ConnectRefusal };

export type StopReason = CloseCode | ErrorCode | "other_user";
export type WaitReason = CloseCode | ErrorCode | "connection_lost" | "no_token";

export type Plan =
  | { readonly kind: "wait"; readonly afterMs: number; readonly reason: WaitReason }
  /** Connect at once with another token than the last one. */
  | { readonly kind: "fresh-token" }
  | { readonly kind: "stop"; readonly reason: StopReason };

export interface PlanFacts {
  readonly backOff: BackOff;
  /** Connections in a row that did not last. */
  readonly attempt: number;
  /** Whether the token in use was fetched because the one before had expired. */
  readonly tokenIsFresh: boolean;
  readonly random: number;
}

/** What a client does after its socket ended. */
export function planAfter(ending: Ending, facts: PlanFacts): Plan {
  if (ending.kind === "lost") return wait("connection_lost", undefined, facts);
  if (ending.kind === "no-token") return wait("no_token", undefined, facts);
  const { code, retryAfterMs } = ending.kind === "closed" ? ending : ending.refusal;
  if (code === "token_expired" && !facts.tokenIsFresh) return { kind: "fresh-token" };
  const closeClass = closeClassOf(code);
  if (closeClass === "stop") return { kind: "stop", reason: code };
  return closeClass === "resume" ? resume(code, retryAfterMs, facts) : wait(code, retryAfterMs, facts);
}

/** A first loss is resumed at once; one that follows a connection that did not last waits like any other. */
function resume(code: CloseCode | ErrorCode, retryAfterMs: number | undefined, facts: PlanFacts): Plan {
  if (facts.attempt > 0) return wait(code, retryAfterMs, facts);
  const afterMs = retryAfterMs ?? pauseMs({ baseMs: resumeMs, maxMs: resumeMs }, 0, facts.random);
  return { kind: "wait", afterMs, reason: code };
}

/** "At once" of many clients is spread over this much. */
const resumeMs = 100;

function closeClassOf(code: CloseCode | ErrorCode): "resume" | "back-off" | "stop" {
  if (isCloseCode(code)) return closeCatalogue[code].class;
  return isFinal(code) ? "stop" : "back-off";
}

const isCloseCode = (code: CloseCode | ErrorCode): code is CloseCode => Object.hasOwn(closeCatalogue, code);

function wait(reason: WaitReason, retryAfterMs: number | undefined, facts: PlanFacts): Plan {
  const { backOff, attempt, random } = facts;
  return { kind: "wait", afterMs: hintedPauseMs(backOff, attempt, { retryAfterMs, random }), reason };
}
