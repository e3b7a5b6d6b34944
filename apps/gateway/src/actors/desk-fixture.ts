import type { Accounts, BotToken, User, UserPage } from "@parley/accounts";
import type { Identity } from "@parley/auth";
import {
  type CommandOk,
  type Cursor,
  defaultLimits,
  mustParse,
  type Notice,
  type MarkView,
  type OwnerAnswer,
  type OwnerAnswerBody,
  type OwnerAsk,
  type OwnerOp,
  parseRoomId,
  parseUserId,
  type RoomId,
  type Scope,
  type TokenId,
  userScopes,
  type UserId,
  type WireError,
  wireError,
} from "@parley/protocol";
import type { RateDecision, RatePolicy } from "@parley/rate-limiter";
import type { DeskParts } from "./desks.ts";

/** Doubles for tests of what the edge does with the answers of others. */

export const room = mustParse(parseRoomId, "r_1");
export const ann = mustParse(parseUserId, "ann");
export const bob = mustParse(parseUserId, "bob");
export const nowMs = 1_780_000_000_000;
export const ts = new Date(nowMs).toISOString();

export const identityOf = (userId: UserId, granted: readonly Scope[] = userScopes): Identity => ({
  userId,
  name: userId,
  tokenId: undefined,
  scopes: new Set(granted),
  bot: false,
  issuedAtMs: nowMs,
  expiresAtMs: undefined,
});

export const applied = (fields: Partial<CommandOk> = {}): CommandOk => ({
  seq: 7,
  n: 3,
  ts,
  epoch: 1,
  replayed: false,
  ...fields,
});

type Script = { [Op in OwnerOp]?: (ask: OwnerAsk<Op>) => OwnerAnswerBody<Op> | WireError };

/** Answers each op as scripted, a `WireError` as a refusal; `unavailable` without a script. Remembers what was asked. */
export class ScriptedOwners {
  readonly script: Script = {};
  readonly asked: { readonly partition: number; readonly op: OwnerOp; readonly ask: unknown }[] = [];

  readonly ask = async <Op extends OwnerOp>(
    partition: number,
    { op, ask }: { readonly op: Op; readonly ask: OwnerAsk<Op> },
  ): Promise<OwnerAnswer<Op>> => {
    this.asked.push({ partition, op, ask });
    const answer = this.script[op]?.(ask) ?? wireError("unavailable");
    return Promise.resolve(isError(answer) ? { ok: false, error: answer } : { ok: true, body: answer });
  };

  /** The commands that came this far. */
  get commands(): readonly OwnerAsk<"command">["command"][] {
    return this.asked
      .filter(({ op }) => op === "command")
      .map(({ ask }) => (ask as OwnerAsk<"command">).command);
  }
}

const isError = (answer: object): answer is WireError => "message" in answer && "code" in answer;

/** Lets everything through but what is in `exhausted`, by policy name. */
export class OpenRateLimiter {
  readonly exhausted = new Set<string>();
  readonly taken: string[] = [];

  readonly take = async ({ name, burst }: RatePolicy, subject: string): Promise<RateDecision> => {
    this.taken.push(`${name} ${subject}`);
    const allowed = !this.exhausted.has(name);
    const decision = { allowed, remaining: allowed ? burst - 1 : 0, resetMs: 6_500, local: false };
    return Promise.resolve({ ...decision, retryAfterMs: allowed ? 0 : 2_100 });
  };
}

export class RecordedNews {
  readonly notices: { readonly users: readonly UserId[]; readonly notice: Notice }[] = [];
  readonly userMarks: { readonly users: readonly UserId[]; readonly marks: readonly MarkView[] }[] = [];
  readonly roomsMarks: { readonly room: RoomId; readonly mark: MarkView }[] = [];

  notify(users: readonly UserId[], notice: Notice): void {
    this.notices.push({ users, notice });
  }
  marks(users: readonly UserId[], marks: readonly MarkView[]): void {
    this.userMarks.push({ users, marks });
  }
  roomMarks(room: RoomId, mark: MarkView): void {
    this.roomsMarks.push({ room, mark });
  }
}

export class AccountsInMemory implements Accounts {
  readonly people = new Map<UserId, User>();
  readonly tokens = new Map<string, BotToken>();
  /** Thrown by every call while set. */
  failure: Error | undefined;

  async putUser(user: User): Promise<void> {
    await this.#work();
    this.people.set(user.userId, user);
  }
  async user(userId: UserId): Promise<User | undefined> {
    await this.#work();
    return this.people.get(userId);
  }
  async users({ query = "", after, limit }: UserPage): Promise<readonly User[]> {
    await this.#work();
    return [...this.people.values()]
      .filter(({ userId, name }) => name.includes(query) && (after === undefined || userId > after))
      .sort((left, right) => (left.userId < right.userId ? -1 : 1))
      .slice(0, limit);
  }
  async botsOf(owner: UserId): Promise<readonly User[]> {
    await this.#work();
    return [...this.people.values()].filter(({ ownerId }) => ownerId === owner);
  }
  async putBotToken(token: BotToken, hash: string): Promise<void> {
    await this.#work();
    this.tokens.set(hash, token);
  }
  async botTokenByHash(hash: string): Promise<BotToken | undefined> {
    await this.#work();
    return this.tokens.get(hash);
  }
  async botTokens(userId: UserId): Promise<readonly BotToken[]> {
    await this.#work();
    return [...this.tokens.values()].filter((token) => token.userId === userId);
  }
  async revokeBotToken(tokenId: TokenId): Promise<boolean> {
    await this.#work();
    const found = [...this.tokens].find(([, token]) => token.tokenId === tokenId);
    if (found !== undefined) this.tokens.set(found[0], { ...found[1], revoked: true });
    return found !== undefined;
  }

  async #work(): Promise<void> {
    await Promise.resolve();
    if (this.failure !== undefined) throw this.failure;
  }
}

export class RecordedRevocations {
  readonly revoked: string[] = [];
  failure: WireError | undefined;

  readonly isRevoked = ({ userId, tokenId }: Identity): boolean =>
    this.revoked.includes(`user ${userId}`) || this.revoked.includes(`token ${String(tokenId)}`);

  readonly revoke = async (subject: string, id: string): Promise<WireError | undefined> => {
    if (this.failure === undefined) this.revoked.push(`${subject} ${id}`);
    return Promise.resolve(this.failure);
  };
}

export interface DeskFixture extends DeskParts {
  readonly owners: ScriptedOwners;
  readonly rateLimiter: OpenRateLimiter;
  readonly notifier: RecordedNews;
  readonly accounts: AccountsInMemory;
  readonly revocations: RecordedRevocations;
  readonly seenCursors: Map<RoomId, Cursor>;
  readonly answered: string[];
}

/** All parts of the desks, each a double that can be looked into. */
export function deskFixture(overrides: Partial<Pick<DeskParts, "limits" | "signing">> = {}): DeskFixture {
  const seenCursors = new Map<RoomId, Cursor>();
  const answered: string[] = [];
  return {
    owners: new ScriptedOwners(),
    partitions: 4,
    limits: defaultLimits,
    rateLimiter: new OpenRateLimiter(),
    notifier: new RecordedNews(),
    seen: { cursor: (room) => seenCursors.get(room) },
    seenCursors,
    telemetry: { commandAnswered: ({ kind, outcome }) => void answered.push(`${kind} ${outcome}`) },
    answered,
    clock: { nowMs: () => nowMs },
    accounts: new AccountsInMemory(),
    revocations: new RecordedRevocations(),
    signing: undefined,
    ...overrides,
  };
}
