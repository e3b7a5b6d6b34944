import { type GuestCreated, type Problem, type RoomCreated, type RoomId, uuidV7 } from "@parley/protocol";

/** The server said no; the message is its own words. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
}

/** The REST calls of the terminal chat. Each rejects with `RefusedError`, or as `fetch` does. */
export class Rest {
  readonly #url: string;
  #token: string | undefined;

  constructor(url: string) {
    this.#url = url.replace(/\/+$/u, "");
  }

  /** Becomes a guest; later calls are made as that guest. */
  async becomeGuest(name: string): Promise<GuestCreated> {
    const guest = await this.#call<GuestCreated>("POST", "/v1/guests", { name });
    this.#token = guest.token;
    return guest;
  }

  /** The oldest public room of exactly this name, made if there is none; one is a member of it then. */
  async enterRoom(name: string): Promise<RoomId> {
    const query = new URLSearchParams({ kind: "public", q: name });
    const { items } = await this.#call<Found>("GET", `/v1/rooms?${query.toString()}`);
    const found = items.find((room) => room.name === name);
    if (found === undefined) {
      return (await this.#call<RoomCreated>("POST", "/v1/rooms", { kind: "public", name })).room;
    }
    await this.#call("POST", `/v1/rooms/${found.room}/join`);
    return found.room;
  }

  /** Names of users by their ids, as far as `pagesMax` pages reach. */
  async userNames(pagesMax: number): Promise<ReadonlyMap<string, string>> {
    const names = new Map<string, string>();
    let cursor: string | undefined;
    for (let page = 0; page < pagesMax; page += 1) {
      const query = new URLSearchParams({ limit: "200", ...(cursor === undefined ? {} : { cursor }) });
      const users = await this.#call<Users>("GET", `/v1/users?${query.toString()}`);
      for (const { userId, name } of users.items) names.set(userId, name);
      cursor = users.nextCursor;
      if (cursor === undefined) break;
    }
    return names;
  }

  async #call<Body>(method: "GET" | "POST", path: string, body?: object): Promise<Body> {
    const headers: Record<string, string> = {};
    if (this.#token !== undefined) headers["authorization"] = `Bearer ${this.#token}`;
    if (method === "POST") headers["idempotency-key"] = uuidV7(Date.now());
    if (body !== undefined) headers["content-type"] = "application/json";
    const answer = await fetch(this.#url + path, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new RefusedError(refusalOf(text, answer.status));
    return (text === "" ? {} : JSON.parse(text)) as Body;
  }
}

interface Found {
  readonly items: readonly { readonly room: RoomId; readonly name?: string }[];
}

interface Users {
  readonly items: readonly { readonly userId: string; readonly name: string }[];
  readonly nextCursor?: string;
}

function refusalOf(text: string, status: number): string {
  try {
    const { code, detail, title } = JSON.parse(text) as Partial<Problem>;
    if (code !== undefined) return `${code}: ${detail ?? title ?? ""}`;
  } catch {
    // Not one of the server's problems: a proxy answered.
  }
  return `HTTP ${status}`;
}
