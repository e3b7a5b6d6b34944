import { type AckOf, wireError } from "@parley/protocol";
import { expect, test } from "vitest";
import { ReadMarks } from "./read-marks.ts";
import { FakeClock, settle } from "./testing/fake-clock.ts";
import { lobby } from "./testing/room-log-model.ts";
import { scriptedRequest } from "./testing/scripted-request.ts";

function setUp(answers: readonly AckOf<"read">[]) {
  const clock = new FakeClock();
  let asked = 0;
  const server = scriptedRequest({
    read: () => {
      asked += 1;
      return answers[Math.min(asked, answers.length) - 1]!;
    },
  });
  const marked: number[] = [];
  const marks = new ReadMarks({
    request: server.request,
    clock,
    delayMs: 300,
    onMarked: (_, { seq }) => marked.push(seq),
  });
  return { clock, marks, marked, sent: () => server.asked.map(([, payload]) => payload) };
}
const ok: AckOf<"read"> = { ok: true, seq: 7, unread: 0 };

test("many marks of a room are one request with the highest", async () => {
  const { clock, marks, marked, sent } = setUp([ok]);
  for (const seq of [3, 7, 5]) marks.mark(lobby, seq);
  await clock.advance(299);
  expect(sent()).toEqual([]);
  await clock.advance(1);
  expect([sent(), marked]).toEqual([[{ room: lobby, seq: 7 }], [7]]);
});

test("a mark that did not arrive is sent again on the next connection", async () => {
  const { clock, marks, sent } = setUp([{ ok: false, error: wireError("unavailable") }, ok]);
  marks.mark(lobby, 7);
  await clock.advance(300);
  await marks.flush();
  await marks.flush();
  expect(sent()).toHaveLength(2);
});

test("a mark that is refused for good is not sent again", async () => {
  const { marks, sent } = setUp([{ ok: false, error: wireError("not_member") }]);
  marks.mark(lobby, 7);
  await marks.flush();
  await marks.flush();
  await settle();
  expect(sent()).toHaveLength(1);
});
