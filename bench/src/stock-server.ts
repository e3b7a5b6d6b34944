/**
 * The peer: a chat server as the Socket.IO documentation teaches to write one. It stores nothing, so it may lose what it
 * acknowledged; what is compared is the work of one delivery.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server } from "socket.io";

interface Said {
  readonly id: number;
  readonly author: string;
  readonly text: string;
  readonly ts: string;
}

interface FromClient {
  join: (room: string, joined: () => void) => void;
  say: (
    room: string,
    text: string,
    said: (answer: { readonly id: number; readonly ts: string }) => void,
  ) => void;
}

const http = createServer();
const io = new Server<FromClient, { said: (message: Said) => void }>(http, { transports: ["websocket"] });
let id = 0;

io.on("connection", (socket) => {
  socket.on("join", (room, joined) => {
    void socket.join(room);
    joined();
  });
  socket.on("say", (room, text, said) => {
    id += 1;
    const message = { id, author: socket.id, text, ts: new Date().toISOString() };
    io.to(room).emit("said", message);
    said({ id, ts: message.ts });
  });
});

http.listen(0, "127.0.0.1", () => {
  console.log(`ready http://127.0.0.1:${(http.address() as AddressInfo).port}`);
});
