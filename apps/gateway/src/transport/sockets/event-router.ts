import { WindowBudget } from "@parley/fanout";
import {
  type AckOf,
  type Checked,
  type ClientEventName,
  clientEventNames,
  clientEventSchemas,
  type ClientPayload,
  validator,
  type WireError,
  wireError,
} from "@parley/protocol";
import type { Session } from "../../actors/session.ts";

/** What one client event brings. */
export interface Call<Name extends ClientEventName> {
  readonly session: Session;
  readonly payload: ClientPayload<Name>;
  /** Calls `run` right after the acknowledgement went out. */
  readonly afterAck: (run: () => void) => void;
}

/** One event's handling. What it throws is answered `internal`. */
export type Handler<Name extends ClientEventName> = (call: Call<Name>) => Promise<AckOf<Name>>;
export type Handlers = { readonly [Name in ClientEventName]: Handler<Name> };

export interface RouterTelemetry {
  protocolViolated(kind: "unknown_event" | "bad_payload"): void;
  handlerFailed(event: string, error: unknown): void;
}

/** Requests in ten seconds that are not of the protocol, before the session is closed. */
const violationsMax = 50;

type AnyHandler = (call: Call<never>) => Promise<unknown>;
type AnyCheck = (value: unknown) => Checked<unknown>;
interface Route {
  readonly check: AnyCheck;
  readonly handle: AnyHandler;
}
type Acknowledge = (answer: unknown) => void;

/** Takes every event of every session, checks it, and answers it exactly once. */
export class EventRouter {
  readonly #routes: ReadonlyMap<unknown, Route>;
  readonly #telemetry: RouterTelemetry;
  readonly #nowMs: () => number;

  constructor(handlers: Handlers, telemetry: RouterTelemetry, nowMs: () => number) {
    this.#telemetry = telemetry;
    this.#nowMs = nowMs;
    this.#routes = new Map<unknown, Route>(
      clientEventNames.map((name) => [
        name,
        { check: validator(clientEventSchemas[name]), handle: handlers[name] },
      ]),
    );
  }

  /** What a socket's `onAny` is to be given. */
  listener(session: Session): (name: unknown, ...args: unknown[]) => void {
    const violations = new WindowBudget(violationsMax);
    return (name, ...args) => {
      // What came in one piece with a goodbye, or with what the session was closed for, is still handed on.
      if (!session.open) return;
      const acknowledge = acknowledgeOf(args);
      const route = this.#routes.get(name);
      const error = this.#fault(route, args);
      if (route === undefined || error !== undefined) {
        acknowledge({ ok: false, error: error ?? wireError("bad_request", "no such event") });
        if (!violations.take(this.#nowMs())) session.link.close("protocol_violation");
        return;
      }
      void this.#answer(route, { name: String(name), session, payload: args[0], acknowledge });
    };
  }

  #fault(route: Route | undefined, args: readonly unknown[]): WireError | undefined {
    if (route === undefined) {
      this.#telemetry.protocolViolated("unknown_event");
      return undefined;
    }
    const checked: Checked<unknown> =
      args.length === 1
        ? route.check(args[0])
        : { ok: false, error: wireError("bad_request", "an event takes one payload and an acknowledgement") };
    if (checked.ok) return undefined;
    this.#telemetry.protocolViolated("bad_payload");
    return checked.error;
  }

  async #answer(
    { handle }: Route,
    {
      name,
      session,
      payload,
      acknowledge,
    }: {
      readonly name: string;
      readonly session: Session;
      readonly payload: unknown;
      readonly acknowledge: Acknowledge;
    },
  ): Promise<void> {
    const after: (() => void)[] = [];
    try {
      acknowledge(await handle({ session, payload: payload as never, afterAck: (run) => after.push(run) }));
    } catch (error) {
      this.#telemetry.handlerFailed(name, error);
      acknowledge({ ok: false, error: wireError("internal") });
    }
    for (const run of after) run();
  }
}

/** Takes the acknowledgement off `args`; a client that wants none gets none. */
function acknowledgeOf(args: unknown[]): Acknowledge {
  if (typeof args.at(-1) !== "function") return () => undefined;
  return args.pop() as Acknowledge;
}

/** An answer when there was no room to wait for one. */
export const busy = (): { readonly ok: false; readonly error: WireError } => ({
  ok: false,
  error: wireError("busy", "too much of this session waits already"),
});
