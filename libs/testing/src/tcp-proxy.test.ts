import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { TcpProxy } from "./tcp-proxy.ts";

/** A server that answers every connection with `greeting`. */
async function greeter(greeting: string): Promise<AsyncDisposable & { readonly url: string }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.write(greeting);
  });
  await new Promise<void>((done) => {
    server.listen(0, "127.0.0.1", done);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((done) => {
        server.close(() => {
          done();
        });
      });
    },
  };
}

function dial(url: string): { readonly greeting: Promise<string>; readonly closed: Promise<void> } {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.on("error", () => socket.destroy());
  return {
    greeting: new Promise((done) => {
      socket.once("data", (chunk: Buffer) => {
        done(chunk.toString());
      });
    }),
    closed: new Promise((done) => {
      socket.once("close", () => {
        done();
      });
    }),
  };
}

describe("a proxy", () => {
  test("keeps its address while the server behind it is replaced", async () => {
    await using proxy = await TcpProxy.start();
    await using first = await greeter("first");
    await using second = await greeter("second");
    proxy.target = first.url;
    expect(await dial(proxy.url).greeting).toBe("first");
    proxy.target = second.url;
    expect(await dial(proxy.url).greeting).toBe("second");
  });

  test("cuts the connections that are chosen", async () => {
    await using proxy = await TcpProxy.start();
    await using server = await greeter("hello");
    proxy.target = server.url;
    const one = dial(proxy.url);
    await one.greeting;
    expect(proxy.cut(() => false)).toBe(0);
    expect(proxy.cut()).toBe(1);
    await one.closed;
  });

  test("resets whoever comes while there is no target", async () => {
    await using proxy = await TcpProxy.start();
    await dial(proxy.url).closed;
    expect(proxy.cut()).toBe(0);
  });
});
