import { connect, StoppedError } from "@parley/client";
import { ParleyError } from "@parley/protocol";
import { Command } from "commander";
import { Conversation } from "./chat/conversation.ts";
import { parseInput } from "./chat/input.ts";
import { Names } from "./chat/names.ts";
import { RefusedError, Rest } from "./chat/rest.ts";
import { Screen } from "./chat/screen.ts";

interface Options {
  readonly room: string;
  readonly name: string;
  readonly url: string;
}

/** On leaving, what was said last is waited for so long. */
const goodbyeMs = 3_000;

function readOptions(): Options {
  return new Command("chat")
    .description("talks in a public room of a Parley server, as a guest")
    .option("--room <name>", "the room's name; it is made if there is none", "lobby")
    .requiredOption("--name <name>", "how the others see you")
    .option("--url <url>", "the server", process.env["PARLEY_URL"] ?? "http://127.0.0.1:3000")
    .parse()
    .opts<Options>();
}

async function chat({ room: roomName, name, url }: Options): Promise<void> {
  const rest = new Rest(url);
  const { token } = await rest.becomeGuest(name);
  const roomId = await rest.enterRoom(roomName);
  await using client = await connect({ url, getToken: async () => token });
  using screen = new Screen(process.stdin, process.stdout);
  const room = client.room(roomId);
  const conversation = new Conversation({ client, room, names: new Names(rest), screen });
  screen.print(`*  ${roomName} at ${url} as ${name}; /help tells what can be typed`);
  await conversation.open();
  screen.onKey(() => {
    room.typing(true);
  });
  for await (const line of screen.lines()) {
    const input = parseInput(line);
    if (input.kind === "say") room.typing(false);
    if (!(await conversation.obey(input))) break;
  }
  await client.flush({ timeoutMs: goodbyeMs });
}

/** What went wrong, for somebody who wants to talk; a bug is shown whole. */
function plainly(error: unknown): unknown {
  if (error instanceof RefusedError || error instanceof StoppedError) return error.message;
  if (error instanceof ParleyError) return `${error.code}: ${error.message}`;
  if (error instanceof TypeError && error.cause instanceof Error) {
    return `the server cannot be reached: ${error.cause.message}`;
  }
  return error;
}

try {
  await chat(readOptions());
} catch (error) {
  console.error(plainly(error));
  process.exitCode = 1;
}
