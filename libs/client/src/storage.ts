/** A JSON value that is read back as it was written. */
export type StoredValue = unknown;

export interface StoredItem {
  readonly key: string;
  readonly value: StoredValue;
}

export type StorageChange =
  | { readonly key: string; readonly value: StoredValue }
  | { readonly key: string; readonly remove: true };

/**
 * Where a client keeps what must outlive it: cursors and unanswered commands.
 *
 * One storage belongs to one user of one server. Two clients on it at once are harmless (the same commands are
 * submitted twice under the same keys) but wasteful.
 */
export interface ClientStorage {
  /** All items whose key begins with `prefix`, ascending by key (UTF-16 code units). */
  read(prefix: string): Promise<readonly StoredItem[]>;
  /** Stores all of `changes` or, after a crash, none; a later change of a key wins. Resolved means stored. */
  write(changes: readonly StorageChange[]): Promise<void>;
  /** Lets go of what the storage holds open. Writes begun before are stored. */
  close(): Promise<void>;
}

/** A storage that lives as long as the process: resume works over lost connections, not over a restart. */
export class MemoryStorage implements ClientStorage {
  readonly #items = new Map<string, string>();

  async read(prefix: string): Promise<readonly StoredItem[]> {
    return itemsOf(this.#items, prefix);
  }

  async write(changes: readonly StorageChange[]): Promise<void> {
    applyChanges(this.#items, changes);
  }

  async close(): Promise<void> {
    // Nothing is held open.
  }
}

/** The items under `prefix` of a map from key to JSON. */
export function itemsOf(items: ReadonlyMap<string, string>, prefix: string): readonly StoredItem[] {
  return [...items]
    .filter(([key]) => key.startsWith(prefix))
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, json]) => ({ key, value: JSON.parse(json) as StoredValue }));
}

export function applyChanges(items: Map<string, string>, changes: readonly StorageChange[]): void {
  for (const change of changes) {
    if ("remove" in change) items.delete(change.key);
    else items.set(change.key, JSON.stringify(change.value));
  }
}
