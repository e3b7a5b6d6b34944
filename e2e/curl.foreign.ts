import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { World } from "./src/world.ts";

/** What `curl -i` prints, taken apart. */
async function curl(
  ...args: (readonly string[])[]
): Promise<{ readonly status: number; readonly head: string; readonly body: unknown }> {
  const { stdout } = await promisify(execFile)("curl", ["-sS", "-i", "--max-time", "30", ...args.flat()]);
  const end = stdout.indexOf("\r\n\r\n");
  const head = stdout.slice(0, end).toLowerCase();
  return { status: Number(head.split(" ")[1]), head, body: JSON.parse(stdout.slice(end + 4)) as unknown };
}

test("a bot made of curl posts, repeats itself after a restart without a second message, and is told when it errs", async () => {
  await using world = await World.start();
  const owner = await world.person("Owner");
  const room = await world.room(owner);
  const bot = await owner.rest.bot("curl", ["messages:write", "rooms:read"]);
  await owner.rest.addMember(room, bot.userId);
  const post = (text: string) =>
    curl(
      ["-X", "POST", `${world.url}/v1/rooms/${room}/messages`],
      ["-H", "content-type: application/json", "-H", `authorization: Bearer ${bot.token}`],
      ["-H", 'idempotency-key: "build-42"', "-d", JSON.stringify({ text })],
    );
  const first = await post("build 42 is green");
  expect(first.status).toBe(201);
  await world.killAndRestart();
  const again = await post("build 42 is green");
  expect(again.status).toBe(200);
  expect(again.head).toContain("idempotency-replayed: true");
  expect(again.body).toEqual(first.body);
  const other = await post("build 42 is red");
  expect(other.status).toBe(422);
  expect(other.body).toMatchObject({ code: "key_reused", status: 422 });
  expect((await owner.rest.messages(room)).map(({ text }) => text)).toEqual(["build 42 is green"]);
});
