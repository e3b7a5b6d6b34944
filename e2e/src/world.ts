import { limitTable, limitVariable, type LimitName, type RoomId, type UserId } from "@parley/protocol";
import {
  inspectorArgument,
  RestClient,
  ServerProcess,
  SocketIoPeer,
  standalone,
  TcpProxy,
  temporaryFolder,
} from "@parley/testing";

/** Limits that many users at one address would meet; tests of a limit itself set it back. */
const raised: readonly LimitName[] = [
  "userCommandsPerTenSeconds",
  "roomUserCommandsPerFiveSeconds",
  "userReadsPerTenSeconds",
  "addressGuestsPerMinute",
  "connectsPerSecond",
  // A machine that runs several suites stalls as no server should.
  "eventLoopDelayMs",
];

export interface WorldOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly faults?: readonly string[];
  /** So that `heldBytes` can be asked. */
  readonly inspected?: boolean;
}

export interface Person {
  readonly userId: UserId;
  readonly token: string;
  readonly rest: RestClient;
}

/** A server on a folder of its own, behind an address that outlives it. */
export class World implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;
  readonly #options: WorldOptions;
  readonly #proxy: TcpProxy;
  readonly dataDir: string;
  #server: ServerProcess;

  private constructor(parts: {
    readonly stack: AsyncDisposableStack;
    readonly options: WorldOptions;
    readonly proxy: TcpProxy;
    readonly dataDir: string;
    readonly server: ServerProcess;
  }) {
    this.#stack = parts.stack;
    this.#options = parts.options;
    this.#proxy = parts.proxy;
    this.dataDir = parts.dataDir;
    this.#server = parts.server;
  }

  static async start(options: WorldOptions = {}): Promise<World> {
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(await temporaryFolder());
    const proxy = stack.use(await TcpProxy.start());
    const server = await start(folder.path, options);
    proxy.target = server.url;
    return new World({ stack: stack.move(), options, proxy, dataDir: folder.path, server });
  }

  /** The address that stays. */
  get url(): string {
    return this.#proxy.url;
  }

  get server(): ServerProcess {
    return this.#server;
  }

  get proxy(): TcpProxy {
    return this.#proxy;
  }

  /** `kill -9` and start again on the same folder. Says how long nobody was served. */
  async killAndRestart(): Promise<number> {
    const startedMs = performance.now();
    await this.#server.kill();
    await this.#restart();
    return performance.now() - startedMs;
  }

  /** Stops the server as an operator would and starts it again. Says the exit code. */
  async stopAndRestart(): Promise<number | undefined> {
    const code = await this.#server.stop();
    await this.#restart();
    return code;
  }

  async #restart(): Promise<void> {
    this.#proxy.target = undefined;
    this.#server = await start(this.dataDir, this.#options);
    this.#proxy.target = this.#server.url;
  }

  async person(name: string): Promise<Person> {
    const { userId, token } = await new RestClient(this.url).guest(name);
    return { userId, token, rest: new RestClient(this.url, token) };
  }

  people(...names: string[]): Promise<Person[]> {
    return Promise.all(names.map((name) => this.person(name)));
  }

  /** A group room of all of them; the first is its owner. */
  async room(owner: Person, ...members: Person[]): Promise<RoomId> {
    const created = await owner.rest.createRoom({
      kind: "group",
      name: "a room",
      members: members.map(({ userId }) => userId),
    });
    return created.room;
  }

  /** A bare socket of that person, by the address that stays. */
  peer(person: Person): Promise<SocketIoPeer> {
    return SocketIoPeer.connect(this.url, person.token, { checked: true });
  }

  /** The same, with the room joined. */
  async peerIn(person: Person, ...rooms: RoomId[]): Promise<SocketIoPeer> {
    const peer = await this.peer(person);
    const answer = await peer.ask("join", { rooms: rooms.map((room) => ({ room })) });
    const refused = answer.ok ? answer.rooms.find((room) => !room.ok) : answer;
    if (refused !== undefined) throw new Error(`join failed: ${JSON.stringify(refused)}`);
    return peer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
    await this.#stack.disposeAsync();
  }
}

const start = (dataDir: string, { env, faults = [], inspected }: WorldOptions): Promise<ServerProcess> =>
  ServerProcess.start({
    dataDir,
    faults,
    ...(inspected === true ? { program: [inspectorArgument, ...standalone] } : {}),
    env: {
      ...Object.fromEntries(raised.map((name) => [limitVariable(name), String(limitTable[name].max)])),
      ...env,
    },
  });

/** A figure for people to read; nothing depends on it. */
export const figure = (line: string): void => {
  process.stdout.write(`      ${line}\n`);
};

/** Smallest, middle and largest of some times, for people to read. */
export function summary(valuesMs: readonly number[]): string {
  const sorted = [...valuesMs].sort((left, right) => left - right);
  const at = (share: number) => (sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN).toFixed(0);
  return `${at(0)}/${at(0.5)}/${at(1)} ms`;
}
