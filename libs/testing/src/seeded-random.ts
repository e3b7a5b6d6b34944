/** Randomness that a seed repeats exactly: mulberry32 (Tommy Ettinger), good enough to choose, not to keep secrets. */
export class SeededRandom {
  readonly seed: number;
  #state: number;

  constructor(seed: number) {
    this.seed = seed >>> 0;
    this.#state = this.seed;
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d_2b_79_f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  /** Whether something that happens with `probability` happens now. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.between(0, items.length - 1)];
    if (item === undefined) throw new RangeError("nothing to pick from");
    return item;
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.between(0, 255)));
  }

  text(length: number): string {
    return Array.from({ length }, () => String.fromCodePoint(this.between(0x20, 0x7e))).join("");
  }

  /** Another sequence that follows from this one: for one actor among several, so that their interleaving changes nothing. */
  fork(): SeededRandom {
    return new SeededRandom(Math.floor(this.next() * 2 ** 32));
  }
}

/** The seed to use: `PARLEY_TEST_SEED` when set, so that a failure can be repeated, else a new one. */
export function testSeed(environment: NodeJS.ProcessEnv = process.env): number {
  const given = environment["PARLEY_TEST_SEED"];
  if (given === undefined) return Math.floor(Math.random() * 2 ** 32);
  const seed = Number(given);
  if (!Number.isSafeInteger(seed)) throw new TypeError(`PARLEY_TEST_SEED is no whole number: ${given}`);
  return seed;
}
