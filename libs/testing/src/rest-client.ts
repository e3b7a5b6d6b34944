import type {
  BotCreated,
  EventRun,
  GuestCreated,
  MessageView,
  Page,
  Problem,
  RoomCreated,
  RoomEvent,
  RoomId,
  RoomOverview,
  Scope,
  UserId,
} from "@parley/protocol";

const answerDeadlineMs = 30_000;

export interface RestRequest {
  readonly body?: unknown;
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface RestAnswer<Body> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

/** An answer that was no success. `problem` is what the server said of it, if it said it in the agreed shape. */
export class RestError extends Error {
  override readonly name = "RestError";
  readonly status: number;
  readonly problem: Partial<Problem>;

  constructor(what: string, status: number, problem: Partial<Problem>) {
    super(`${what}: ${status} ${JSON.stringify(problem)}`);
    this.status = status;
    this.problem = problem;
  }
}

/** The REST face, as one who holds a token. */
export class RestClient {
  readonly url: string;
  readonly token: string | undefined;

  constructor(url: string, token?: string) {
    this.url = url;
    this.token = token;
  }

  /** Whatever the answer is, unless there is none. `body` is `undefined` when the answer has none that is JSON. */
  async request<Body = unknown>(
    method: string,
    path: string,
    request: RestRequest = {},
  ): Promise<RestAnswer<Body>> {
    const { body, key, headers } = request;
    const answer = await fetch(new URL(path, this.url), {
      method,
      signal: AbortSignal.timeout(answerDeadlineMs),
      headers: {
        ...(this.token === undefined ? {} : { authorization: `Bearer ${this.token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(key === undefined ? {} : { "idempotency-key": key }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    return { status: answer.status, headers: answer.headers, body: parsed(await answer.text()) as Body };
  }

  /** The body of a success. Throws `RestError` on any other answer. */
  async call<Body>(method: string, path: string, request: RestRequest = {}): Promise<Body> {
    const { status, body } = await this.request<Body>(method, path, request);
    if (status >= 200 && status < 300) return body;
    throw new RestError(`${method} ${path}`, status, body ?? {});
  }

  guest(name: string): Promise<GuestCreated> {
    return this.call("POST", "/v1/guests", { body: { name } });
  }

  bot(name: string, scopes: readonly Scope[]): Promise<BotCreated> {
    return this.call("POST", "/v1/bots", { body: { name, scopes } });
  }

  createRoom(
    room: Readonly<Record<string, unknown>>,
    key: string = crypto.randomUUID(),
  ): Promise<RoomCreated> {
    return this.call("POST", "/v1/rooms", { body: room, key });
  }

  post(room: RoomId, text: string, key: string = crypto.randomUUID()): Promise<MessageView> {
    return this.call("POST", `/v1/rooms/${room}/messages`, { body: { text }, key });
  }

  async addMember(room: RoomId, user: UserId): Promise<void> {
    await this.call("PUT", `/v1/rooms/${room}/members/${user}`, { body: {} });
  }

  async removeMember(room: RoomId, user: UserId): Promise<void> {
    await this.call("DELETE", `/v1/rooms/${room}/members/${user}`);
  }

  async ban(room: RoomId, user: UserId): Promise<void> {
    await this.call("PUT", `/v1/rooms/${room}/bans/${user}`, { body: {} });
  }

  events(room: RoomId, after: number, limit = 1_000): Promise<EventRun> {
    return this.call("GET", `/v1/rooms/${room}/events?after=${after}&limit=${limit}`);
  }

  /** The room's whole log, as far as the asker may see it. */
  async log(room: RoomId): Promise<{ readonly epoch: number; readonly events: readonly RoomEvent[] }> {
    const events: RoomEvent[] = [];
    for (;;) {
      const run = await this.events(room, events.at(-1)?.seq ?? 0);
      events.push(...run.events);
      if (run.events.length === 0 || (events.at(-1)?.seq ?? 0) >= run.head)
        return { epoch: run.epoch, events };
    }
  }

  /** Every message of the room, read in pages from the first to the newest. */
  async messages(room: RoomId, limit = 50): Promise<readonly MessageView[]> {
    const items: MessageView[] = [];
    for (;;) {
      const path = `/v1/rooms/${room}/messages?after=${items.at(-1)?.seq ?? 0}&limit=${limit}`;
      const page = await this.call<Page<MessageView>>("GET", path);
      items.push(...page.items);
      if (page.items.length === 0) return items;
    }
  }

  /** Every message of the room, read in pages from the newest back; ascending like `messages`. */
  async messagesBackwards(room: RoomId, limit = 50): Promise<readonly MessageView[]> {
    let items: MessageView[] = [];
    for (;;) {
      const before = items[0] === undefined ? "" : `&before=${items[0].seq}`;
      const page = await this.call<Page<MessageView>>(
        "GET",
        `/v1/rooms/${room}/messages?limit=${limit}${before}`,
      );
      items = [...page.items, ...items];
      if (page.items.length === 0) return items;
    }
  }

  async myRooms(): Promise<readonly RoomOverview[]> {
    const items: RoomOverview[] = [];
    let cursor: string | undefined;
    do {
      const query = cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`;
      const page: Page<RoomOverview> = await this.call("GET", `/v1/me/rooms?limit=100${query}`);
      items.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    return items;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
