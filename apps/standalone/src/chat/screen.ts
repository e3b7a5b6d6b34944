import { createInterface, type Interface } from "node:readline";
import type { Readable, Writable } from "node:stream";

/** A terminal with a line being typed at the bottom: what is printed appears above it. */
export class Screen implements Disposable {
  readonly #output: Writable;
  readonly #readline: Interface;
  readonly #lines: AsyncIterable<string>;
  readonly #interactive: boolean;
  #closed = false;

  constructor(input: Readable & { isTTY?: boolean }, output: Writable) {
    this.#output = output;
    this.#interactive = input.isTTY === true;
    this.#readline = createInterface({ input, output, terminal: this.#interactive, prompt: "> " });
    // From the start: a line typed before anybody reads would be lost.
    const lines = this.#readline[Symbol.asyncIterator]();
    this.#lines = { [Symbol.asyncIterator]: () => lines };
    this.#readline.on("close", () => {
      this.#closed = true;
    });
    this.#readline.on("SIGINT", () => {
      this.#readline.close();
    });
  }

  /** Lines as they are typed; ends with the input, or at Ctrl-C. */
  lines(): AsyncIterable<string> {
    this.#prompt();
    return this.#lines;
  }

  onKey(listener: () => void): void {
    if (this.#interactive) process.stdin.on("keypress", listener);
  }

  print(...lines: readonly string[]): void {
    const clear = this.#interactive ? "\r\u001b[K" : "";
    for (const line of lines) this.#output.write(`${clear}${line}\n`);
    this.#prompt();
  }

  [Symbol.dispose](): void {
    this.#readline.close();
  }

  #prompt(): void {
    if (this.#interactive && !this.#closed) this.#readline.prompt(true);
  }
}
