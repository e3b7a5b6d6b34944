import type { NodeId, PresenceStatus, PresenceView, UserId } from "@parley/protocol";

/** What others see of a user. */
export interface Shown {
  readonly status: PresenceStatus;
  readonly text: string | undefined;
}

/** What one gateway's live lease says of a user who has sockets there. */
export interface Said {
  readonly status: PresenceStatus | undefined;
  readonly text: string | undefined;
}

/** Everything the roster keeps of one user. Every adapter's store holds these fields and makes these steps. */
export interface UserPresence {
  readonly said: ReadonlyMap<NodeId, Said>;
  /** The last declaration that won; kept until the user is offline. */
  readonly declared: Shown | undefined;
  readonly shown: Shown;
  readonly version: number;
  readonly lastSeenMs: number | undefined;
  /** When the user goes offline unless a gateway says otherwise; `undefined` while one does, or when it has happened. */
  readonly graceEndsMs: number | undefined;
}

export interface Moment {
  readonly nowMs: number;
  readonly graceMs: number;
}

const offline: Shown = { status: "offline", text: undefined };
const online: Shown = { status: "online", text: undefined };

export const unknownUser: UserPresence = {
  said: new Map(),
  declared: undefined,
  shown: offline,
  version: 0,
  lastSeenMs: undefined,
  graceEndsMs: undefined,
};

/** The strongest first. `offline` is declared only by who wants not to be seen, so it beats all. */
const strength: readonly PresenceStatus[] = ["offline", "busy", "online", "away"];

/**
 * The declaration that wins among those of several gateways, in whatever order they are given: the strongest status,
 * and of equal ones the text that sorts last.
 */
export function strongest(said: Iterable<Said>): Shown | undefined {
  let best: Shown | undefined;
  for (const { status, text } of said) {
    if (status !== undefined && (best === undefined || beats({ status, text }, best)))
      best = { status, text };
  }
  return best;
}

function beats(left: Shown, right: Shown): boolean {
  const difference = strength.indexOf(left.status) - strength.indexOf(right.status);
  return difference === 0 ? (left.text ?? "") > (right.text ?? "") : difference < 0;
}

/** `gateway` says that the user has sockets there. Cancels a grace. */
export function present(
  user: UserPresence,
  assertion: { readonly gateway: NodeId; readonly said: Said },
  moment: Moment,
): UserPresence {
  const said = new Map(user.said).set(assertion.gateway, assertion.said);
  return shownAgain({ ...user, said, graceEndsMs: undefined }, moment);
}

/** `gateway` has no sockets of the user any more, or is gone itself. With the last one a grace begins. */
export function absent(user: UserPresence, gateway: NodeId, moment: Moment): UserPresence {
  if (!user.said.has(gateway)) return user;
  const said = new Map(user.said);
  said.delete(gateway);
  if (said.size > 0) return shownAgain({ ...user, said }, moment);
  return {
    ...user,
    said,
    graceEndsMs: moment.nowMs + moment.graceMs,
    lastSeenMs: user.shown.status === "offline" ? user.lastSeenMs : moment.nowMs,
  };
}

/** The grace of a user nobody came back for, if it has ended. */
export function graceOver(user: UserPresence, nowMs: number): UserPresence {
  if (user.graceEndsMs === undefined || user.graceEndsMs > nowMs) return user;
  return show({ ...user, declared: undefined, graceEndsMs: undefined }, offline, nowMs);
}

export const isChange = (before: UserPresence, after: UserPresence): boolean =>
  before.version !== after.version;

export function viewOf(user: UserId, presence: UserPresence): PresenceView {
  const { shown, version, lastSeenMs } = presence;
  const seen = shown.status === "offline" ? lastSeenMs : undefined;
  return {
    user,
    status: shown.status,
    version,
    ...(shown.text === undefined ? {} : { text: shown.text }),
    ...(seen === undefined ? {} : { lastSeen: new Date(seen).toISOString() }),
  };
}

function shownAgain(user: UserPresence, { nowMs }: Moment): UserPresence {
  const declared = strongest(user.said.values()) ?? user.declared;
  const visible = declared ?? online;
  // Who becomes invisible looks as if they had gone just now.
  const hiding = visible.status === "offline" && user.shown.status !== "offline";
  return show({ ...user, declared, lastSeenMs: hiding ? nowMs : user.lastSeenMs }, visible, nowMs);
}

/**
 * A version is the time of its change, or one more than the last: so it still rises after a store that lost everything,
 * and a user who has been offline for long can be forgotten.
 */
function show(user: UserPresence, wanted: Shown, nowMs: number): UserPresence {
  const shown = wanted.status === "offline" ? offline : wanted;
  if (shown.status === user.shown.status && shown.text === user.shown.text) return user;
  return { ...user, shown, version: Math.max(user.version + 1, nowMs) };
}
