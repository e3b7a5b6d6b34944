import {
  type AckOf,
  type ClientEventName,
  type ClientPayload,
  defaultLimits,
  type Hello,
  type Limits,
  type ServerPayloads,
  type UserId,
  wireError,
} from "@parley/protocol";
import type { ClientLimits } from "./client-limits.ts";
import { type Cancel, type Clock, noCancel } from "./clock.ts";
import { Emitter } from "./emitter.ts";
import type { Link, OpenLink } from "./link.ts";
import { type Ending, type Plan, planAfter, type StopReason, type WaitReason } from "./reconnect-plan.ts";
import type { ServerClock } from "./server-clock.ts";
import { SessionToken } from "./session-token.ts";
import type { Counters } from "./stats.ts";

/** How a client is connected, and why. Times are ms since 1970 by the client's clock. */
export type SessionState =
  | { readonly kind: "offline" }
  | { readonly kind: "connecting" }
  | { readonly kind: "online" }
  /** The server goes away; the socket works on and is replaced at `atMs`. */
  | { readonly kind: "draining"; readonly reason: string; readonly atMs: number }
  | { readonly kind: "waiting"; readonly reason: WaitReason; readonly retryAtMs: number }
  /** For good: the client does not come back by itself. */
  | { readonly kind: "stopped"; readonly reason: StopReason };

export interface SessionEvents {
  readonly state: SessionState;
  /** A socket is up. Comes before the state `online`, and before anything the server sends. */
  readonly up: Hello;
  /** The socket is gone: answers to what was asked on it will not come. */
  readonly down: undefined;
}

export interface SessionOptions {
  readonly url: string;
  readonly getToken: () => Promise<string>;
  readonly openLink: OpenLink;
  readonly clock: Clock;
  readonly serverClock: ServerClock;
  readonly limits: ClientLimits;
  readonly counters: Counters;
  /** Whether a session may be of this user; `false` stops it. */
  readonly admit: (hello: Hello) => boolean;
}

/** Keeps one socket open: opens it, replaces it when it ends, and says in which state it is. */
export class Session {
  readonly events = new Emitter<SessionEvents>();
  readonly server = new Emitter<ServerPayloads>();
  readonly #options: SessionOptions;
  readonly #token: SessionToken;
  #state: SessionState = { kind: "offline" };
  #link: Link | undefined;
  #hello: Hello | undefined;
  #attempt = 0;
  #tokenIsFresh = false;
  /** Rises with every connection tried: what an older one still wants to say is not heard. */
  #generation = 0;
  #cancelTimer: Cancel = noCancel;
  #cancelStable: Cancel = noCancel;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#token = new SessionToken({
      getToken: options.getToken,
      clock: options.clock,
      serverNowMs: () => options.serverClock.nowMs(),
    });
  }

  get state(): SessionState {
    return this.#state;
  }

  /** Whose session it is; `undefined` before the first connection. */
  get userId(): UserId | undefined {
    return this.#hello?.userId;
  }

  /** The limits that the server last named; the defaults before the first connection. */
  get serverLimits(): Limits {
    return this.#hello?.limits ?? defaultLimits;
  }

  /** Whether requests reach a server now. */
  get up(): boolean {
    return this.#state.kind === "online" || this.#state.kind === "draining";
  }

  /** Connects now: for the first time, instead of waiting, or again after having stopped. Else does nothing. */
  connect(): void {
    if (this.up || this.#state.kind === "connecting") return;
    if (this.#state.kind !== "waiting") this.#attempt = 0;
    this.#open(() => this.#token.current());
  }

  close(): void {
    this.#drop();
    this.#become({ kind: "offline" });
  }

  readonly request = async <Name extends ClientEventName>(
    name: Name,
    payload: ClientPayload<Name>,
  ): Promise<AckOf<Name>> => {
    if (this.#link !== undefined && this.up) return this.#link.request(name, payload);
    return { ok: false, error: wireError("unavailable", "not connected") };
  };

  #open(fetchToken: () => Promise<string | undefined>): void {
    this.#drop();
    this.#become({ kind: "connecting" });
    const generation = this.#generation;
    fetchToken().then(
      (token) => {
        if (generation !== this.#generation) return;
        if (token === undefined) this.#stop("token_expired");
        else this.#openLink(token, generation);
      },
      (error: unknown) => {
        if (generation !== this.#generation) return;
        // What was asked for is not there: the next refusal asks for it again.
        this.#tokenIsFresh = false;
        this.#ended({ kind: "no-token", reason: String(error) });
      },
    );
  }

  #openLink(token: string, generation: number): void {
    const { url, openLink, clock, limits, counters } = this.#options;
    const session = this.#hello?.sessionId;
    const auth = session === undefined ? { token } : { token, session };
    const mine = () => generation === this.#generation;
    this.#link = openLink(
      { url, auth, clock, connectMs: limits.connectMs, requestMs: limits.requestMs },
      {
        hello: (hello) => {
          if (mine()) this.#cameUp(hello);
        },
        received: (name, payload) => {
          if (!mine()) return;
          if (name === "drain") this.#drain(payload as ServerPayloads["drain"]);
          this.server.emit(name, payload);
        },
        ended: (ending) => {
          if (mine()) this.#ended(ending);
        },
        answered: (tookMs) => {
          counters.rttMs = tookMs;
        },
      },
    );
  }

  #cameUp(hello: Hello): void {
    const { serverClock, counters, clock, limits, admit } = this.#options;
    serverClock.correct(hello.serverTime);
    if (!admit(hello)) {
      this.#stop("other_user");
      return;
    }
    this.#hello = hello;
    counters.connects += 1;
    this.#token.keepFresh(this.request);
    this.#cancelStable = clock.after(limits.stableMs, () => {
      this.#attempt = 0;
      this.#tokenIsFresh = false;
    });
    // Online first: what listeners of `up` ask for is sent.
    this.#state = { kind: "online" };
    this.events.emit("up", hello);
    if (this.#state.kind === "online") this.events.emit("state", this.#state);
  }

  #drain({ afterMs, reason }: ServerPayloads["drain"]): void {
    const { clock } = this.#options;
    this.#cancelTimer();
    this.#become({ kind: "draining", reason, atMs: clock.nowMs() + afterMs });
    this.#cancelTimer = clock.after(afterMs, () => {
      this.#open(() => this.#token.current());
    });
  }

  #ended(ending: Ending): void {
    const { clock, limits } = this.#options;
    const plan = planAfter(ending, {
      backOff: { baseMs: limits.backOffBaseMs, maxMs: limits.backOffMaxMs },
      attempt: this.#attempt,
      tokenIsFresh: this.#tokenIsFresh,
      random: clock.random(),
    });
    this.#attempt += 1;
    this.#follow(plan);
  }

  #follow(plan: Plan): void {
    switch (plan.kind) {
      case "stop":
        this.#stop(plan.reason);
        return;
      case "fresh-token":
        this.#tokenIsFresh = true;
        this.#open(() => this.#token.fresh());
        return;
      case "wait": {
        const { clock } = this.#options;
        this.#drop();
        this.#cancelTimer = clock.after(plan.afterMs, () => {
          this.#open(() => this.#token.current());
        });
        this.#become({ kind: "waiting", reason: plan.reason, retryAtMs: clock.nowMs() + plan.afterMs });
      }
    }
  }

  #stop(reason: StopReason): void {
    this.#drop();
    this.#token.forget();
    this.#become({ kind: "stopped", reason });
  }

  /** Ends the socket, if any, and all that was planned. */
  #drop(): void {
    const wasUp = this.up;
    this.#generation += 1;
    this.#cancelTimer();
    this.#cancelStable();
    this.#token.rest();
    this.#link?.close();
    this.#link = undefined;
    // No longer up before listeners hear of it: what they ask now is not sent into the void.
    if (wasUp) {
      this.#state = { kind: "connecting" };
      this.events.emit("down", undefined);
    }
  }

  #become(state: SessionState): void {
    this.#state = state;
    this.events.emit("state", state);
  }
}
