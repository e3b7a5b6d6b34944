import { parseUserId, type UserId } from "@parley/protocol";
import type { ClientStorage } from "./storage.ts";

const ownerKey = "owner";

/** Whose storage it is: what one user has left there must not be sent in another's name. */
export class StorageOwner {
  readonly #storage: ClientStorage;
  #owner: UserId | undefined;

  constructor(storage: ClientStorage) {
    this.#storage = storage;
  }

  async load(): Promise<void> {
    const [item] = await this.#storage.read(ownerKey);
    this.#owner = parseUserId(item?.value);
  }

  /** Whether `user` may use the storage; the first one may, and it is theirs from then on. */
  admit(user: UserId): boolean {
    if (this.#owner !== undefined) return this.#owner === user;
    this.#owner = user;
    // Not stored, the next client on the storage asks anew.
    void this.#storage.write([{ key: ownerKey, value: user }]).catch(() => undefined);
    return true;
  }
}
