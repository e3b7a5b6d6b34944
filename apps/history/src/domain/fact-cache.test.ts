import { describe, expect, it } from "vitest";
import { FactCache } from "./fact-cache.ts";

describe("a fact cache", () => {
  it("never forgets a fact in use, and forgets the one used longest ago first", () => {
    const cache = new FactCache<string, number>(2);
    cache.put("held", 1);
    for (const name of ["a", "b", "c"]) {
      cache.put(name, 2);
      cache.release(name);
    }
    expect(cache.has("held")).toBe(true);
    expect(cache.has("a")).toBe(false);
    expect(cache.has("c")).toBe(true);
    expect(cache.size).toBe(2);
  });

  it("keeps what it has when a slower answer comes: it has the newer events in it", () => {
    const cache = new FactCache<string, number>(2);
    cache.put("a", 1);
    cache.update("a", () => 2);
    cache.put("a", 1);
    expect(cache.get("a")).toBe(2);
  });

  it("knows what does not exist from what is not known", () => {
    const cache = new FactCache<string, number>(2);
    expect(cache.hold("a")).toBe(false);
    cache.put("a", undefined);
    expect(cache.hold("a")).toBe(true);
    cache.update("b", () => 1);
    expect(cache.has("b")).toBe(false);
  });
});
