import { type ChildProcess, execFile, spawn } from "node:child_process";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { beforeAll, expect, test } from "vitest";
import { within } from "./src/deadline.ts";
import { type Person, World } from "./src/world.ts";

const root = resolve(import.meta.dirname, "..");
const stepDeadlineMs = 60_000;

interface Step {
  readonly step: string;
  readonly value: unknown;
}

/** The Python that has the foreign client: given by the environment, else made by the tool that CI uses. */
async function python(): Promise<string> {
  const given = process.env["PARLEY_PYTHON"];
  if (given !== undefined) return given;
  const { stdout } = await promisify(execFile)(join(root, "tools/foreign-python"));
  return stdout.trim();
}

class Foreigner {
  readonly steps: Step[] = [];
  readonly ended: Promise<number | null>;
  #errors = "";
  readonly #process: ChildProcess;
  readonly #waiting = new Set<() => void>();

  constructor(program: string, args: readonly string[]) {
    this.#process = spawn(program, [join(import.meta.dirname, "foreign/chat.py"), ...args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.ended = new Promise((done) => {
      this.#process.once("close", (code) => {
        done(code);
      });
    });
    this.#process.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
      this.#errors = (this.#errors + chunk).slice(-4_000);
    });
    const { stdout } = this.#process;
    if (stdout === null) throw new Error("no output to read");
    createInterface(stdout).on("line", (line) => {
      this.steps.push(JSON.parse(line) as Step);
      for (const look of this.#waiting) look();
    });
  }

  async next(step: string, fits: (value: never) => boolean = () => true): Promise<unknown> {
    const found = new Promise<Step>((done) => {
      const look = () => {
        const there = this.steps.find((one) => one.step === step && fits(one.value as never));
        if (there === undefined) return;
        this.#waiting.delete(look);
        done(there);
      };
      this.#waiting.add(look);
      look();
    });
    const failed = this.ended.then((code): never => {
      throw new Error(`ended with ${code} before ${step}\n${this.#errors}`);
    });
    return (await within(stepDeadlineMs, step, Promise.race([found, failed]))).value;
  }

  kill(): void {
    this.#process.kill("SIGKILL");
  }
}

let world: World;
let program: string;
beforeAll(async () => {
  program = await python();
  world = await World.start();
  return () => world[Symbol.asyncDispose]();
});

test("a Python client connects, joins, sends with an acknowledgement and receives", async () => {
  const [ada, guido] = (await world.people("Ada", "Guido")) as [Person, Person];
  const room = await world.room(ada, guido);
  using adas = await world.peerIn(ada, room);
  const foreigner = new Foreigner(program, [world.url, guido.token, room, "hello from Python", "hello back"]);
  try {
    expect(await foreigner.next("hello")).toBe(guido.userId);
    expect(await foreigner.next("joined")).toMatchObject({ ok: true, rooms: [{ room, ok: true }] });
    expect(await foreigner.next("sent")).toMatchObject({ ok: true, n: 1 });
    const { events } = await adas.next("events", (run) =>
      run.events.some((event) => event.key === "from-python"),
    );
    expect(events.at(-1)).toMatchObject({ author: guido.userId, text: "hello from Python" });
    await ada.rest.post(room, "hello back");
    await foreigner.next("event", ({ text }: { readonly text?: string }) => text === "hello back");
    expect(await foreigner.ended).toBe(0);
  } finally {
    foreigner.kill();
  }
});

test("a Python client with a forged token is refused", async () => {
  const ada = await world.person("Ada");
  const room = await world.room(ada);
  const foreigner = new Foreigner(program, [world.url, "forged", room, "never", "never"]);
  expect(await foreigner.ended).not.toBe(0);
  expect(foreigner.steps).toEqual([]);
});
