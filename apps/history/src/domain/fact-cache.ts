/**
 * Facts of one kind about a room (members, messages, reactions), as of its head.
 *
 * A fact in use is held; the others go, oldest use first, when there are more than `max`. `undefined` is a fact too: it
 * is known that there is no such thing.
 */
export class FactCache<Name, Fact> {
  readonly #facts = new Map<Name, { fact: Fact | undefined; uses: number }>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#facts.size;
  }

  has(name: Name): boolean {
    return this.#facts.has(name);
  }

  get(name: Name): Fact | undefined {
    return this.#facts.get(name)?.fact;
  }

  /** Holds a fact that is here; `false` when it must be fetched. */
  hold(name: Name): boolean {
    const held = this.#facts.get(name);
    if (held === undefined) return false;
    held.uses += 1;
    // Order of insertion is order of use.
    this.#facts.delete(name);
    this.#facts.set(name, held);
    return true;
  }

  /** Takes a fetched fact, held once. One that came meanwhile is at least as new and stays. */
  put(name: Name, fact: Fact | undefined): void {
    if (this.hold(name)) return;
    this.#facts.set(name, { fact, uses: 1 });
    this.#evict();
  }

  release(name: Name): void {
    const held = this.#facts.get(name);
    if (held !== undefined) held.uses -= 1;
  }

  /** Replaces a fact that is here; others are read with the change in them when they are needed. */
  update(name: Name, change: (fact: Fact | undefined) => Fact | undefined): void {
    const held = this.#facts.get(name);
    if (held !== undefined) held.fact = change(held.fact);
  }

  #evict(): void {
    if (this.#facts.size <= this.#max) return;
    for (const [name, { uses }] of this.#facts) {
      if (uses === 0) this.#facts.delete(name);
      if (this.#facts.size <= this.#max) return;
    }
  }
}
