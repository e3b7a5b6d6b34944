import { describe, expect, test } from "vitest";
import { Emitter } from "./emitter.ts";
import { Stream, StreamOverflowError } from "./stream.ts";

describe("a stream", () => {
  test("hands items out in their order, whether the reader waits or not", async () => {
    const stream = new Stream<number>(10);
    const waiting = stream.next();
    stream.push(1);
    stream.push(2);
    stream.end();
    expect(await waiting).toEqual({ done: false, value: 1 });
    const rest: number[] = [];
    for await (const item of stream) rest.push(item);
    expect(rest).toEqual([2]);
  });

  test("gives a reader who falls behind all it held, then an error, and nothing after a hole", async () => {
    const stream = new Stream<number>(2);
    for (const item of [1, 2, 3, 4]) stream.push(item);
    const got: number[] = [];
    const reading = (async () => {
      for await (const item of stream) got.push(item);
    })();
    await expect(reading).rejects.toThrow(StreamOverflowError);
    expect(got).toEqual([1, 2]);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  test("stops listening when the reader breaks out", async () => {
    const emitter = new Emitter<{ tick: number }>();
    const stream = emitter.stream("tick", 5);
    emitter.emit("tick", 1);
    for await (const item of stream) {
      expect(item).toBe(1);
      break;
    }
    emitter.emit("tick", 2);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });
});

describe("an emitter", () => {
  test("calls every listener, in order, until it unsubscribes", () => {
    const emitter = new Emitter<{ tick: number }>();
    const heard: string[] = [];
    const off = emitter.on("tick", (tick) => heard.push(`a${tick}`));
    emitter.on("tick", (tick) => heard.push(`b${tick}`));
    emitter.emit("tick", 1);
    off();
    emitter.emit("tick", 2);
    expect(heard).toEqual(["a1", "b1", "b2"]);
  });

  test("a listener that throws does not stop the others", async () => {
    const emitter = new Emitter<{ tick: number }>();
    const heard: number[] = [];
    const thrown = new Promise((resolve) => {
      process.once("uncaughtException", resolve);
    });
    const others = process.listeners("uncaughtException").slice(0, -1);
    for (const listener of others) process.off("uncaughtException", listener);
    emitter.on("tick", () => {
      throw new Error("a bug in a listener");
    });
    emitter.on("tick", (tick) => heard.push(tick));
    emitter.emit("tick", 1);
    expect(heard).toEqual([1]);
    expect(await thrown).toEqual(new Error("a bug in a listener"));
    for (const listener of others) process.on("uncaughtException", listener);
  });
});
