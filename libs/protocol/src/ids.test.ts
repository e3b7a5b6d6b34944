import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  createdRoomId,
  directRoomId,
  fnv1a32,
  mustParse,
  parseKey,
  parseUserId,
  partitionOf,
} from "./index.ts";

const user = (id: string) => mustParse(parseUserId, id);

describe("ids", () => {
  it("takes 1 to 64 characters of the alphabet and nothing else", () => {
    expect(parseUserId("a".repeat(64))).toBe("a".repeat(64));
    for (const bad of ["", "a".repeat(65), "a b", "ä", "a\n", 7, undefined, null, {}]) {
      expect(parseUserId(bad)).toBeUndefined();
    }
  });

  it("names one direct room for two users in either order", async () => {
    expect(await directRoomId(user("ann"), user("bob"))).toBe(await directRoomId(user("bob"), user("ann")));
    expect(await directRoomId(user("ann"), user("bob"))).toMatch(/^d_[0-9a-f]{40}$/u);
  });

  it("names the same room for the same creator and key, and another for another", async () => {
    const key = mustParse(parseKey, "k1");
    expect(await createdRoomId(user("ann"), key)).toBe(await createdRoomId(user("ann"), key));
    expect(await createdRoomId(user("bob"), key)).not.toBe(await createdRoomId(user("ann"), key));
  });
});

describe("partitions", () => {
  it("hashes as the published FNV-1a vectors say", () => {
    expect(fnv1a32("")).toBe(0x811c9dc5);
    expect(fnv1a32("a")).toBe(0xe40c292c);
    expect(fnv1a32("foobar")).toBe(0xbf9cf968);
  });

  it("puts every room into one of the partitions", () => {
    fc.assert(
      fc.property(fc.uuid(), fc.integer({ min: 1, max: 64 }), (id, partitions) => {
        const partition = partitionOf(mustParse<never>(parseUserId as never, id), partitions);
        return Number.isInteger(partition) && partition >= 0 && partition < partitions;
      }),
    );
  });
});
