/** node docs/examples/sdk.ts http://127.0.0.1:3000 <token> <room> */
import { connect } from "@parley/client";

const [url = "", token = "", roomId = ""] = process.argv.slice(2);

await using client = await connect({ url, getToken: async () => token });
const room = client.room(roomId);
await room.join();

// Sent again under one key until the answer is final; applied once.
const hello = room.send({ text: "hello" });

// Every change of the room from here on: in order, each once, without a hole, over every reconnect.
for await (const event of room) {
  if (event.kind === "message.created") console.log(`${event.seq} ${event.author}: ${event.text}`);
  if (event.key === hello.key) break;
}

const { seq } = await hello.acked; // its place in the room's order
room.markRead(seq);
