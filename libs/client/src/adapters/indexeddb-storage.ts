import type { ClientStorage, StorageChange, StoredItem } from "../storage.ts";

const storeName = "items";
/** Sorts after every key that begins with the same prefix. */
const afterAll = "\uFFFF";

/** A storage in the browser's IndexedDB, one database for each `name`. */
export class IndexedDbStorage implements ClientStorage {
  readonly #database: IDBDatabase;

  private constructor(database: IDBDatabase) {
    this.#database = database;
  }

  /** Opens or creates the database `name`. Rejects with the `DOMException` of the browser, as in private windows. */
  static async open(name: string): Promise<IndexedDbStorage> {
    const opening = indexedDB.open(name, 1);
    opening.addEventListener("upgradeneeded", () => {
      opening.result.createObjectStore(storeName);
    });
    const database = await done(opening);
    // Another tab may want to delete the database; holding on would block it for ever.
    database.addEventListener("versionchange", () => {
      database.close();
    });
    return new IndexedDbStorage(database);
  }

  async read(prefix: string): Promise<readonly StoredItem[]> {
    const store = this.#database.transaction(storeName).objectStore(storeName);
    const range = IDBKeyRange.bound(prefix, prefix + afterAll);
    const [keys, values] = await Promise.all([done(store.getAllKeys(range)), done(store.getAll(range))]);
    return keys.map((key, index) => ({ key: key as string, value: values[index] as unknown }));
  }

  async write(changes: readonly StorageChange[]): Promise<void> {
    const transaction = this.#database.transaction(storeName, "readwrite", { durability: "strict" });
    const store = transaction.objectStore(storeName);
    const stored = committed(transaction);
    try {
      for (const change of changes) {
        if ("remove" in change) store.delete(change.key);
        else store.put(change.value, change.key);
      }
    } catch (error) {
      // A value that cannot be stored: what was put before it must not be stored without it.
      transaction.abort();
      await stored.catch(() => undefined);
      throw error;
    }
    await stored;
  }

  async close(): Promise<void> {
    this.#database.close();
  }
}

/** A request that fails aborts its transaction, and only then does the transaction know why. */
const committed = (transaction: IDBTransaction): Promise<void> =>
  new Promise((resolve, reject) => {
    transaction.addEventListener("complete", () => {
      resolve();
    });
    transaction.addEventListener("abort", () => {
      reject(transaction.error ?? new Error("the transaction was aborted"));
    });
  });

const done = <Result>(request: IDBRequest<Result>): Promise<Result> =>
  new Promise((resolve, reject) => {
    request.addEventListener("success", () => {
      resolve(request.result);
    });
    request.addEventListener("error", () => {
      reject(request.error ?? new Error("the request failed"));
    });
  });
