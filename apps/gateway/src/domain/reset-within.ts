import { type JoinedRoom, utf8Bytes } from "@parley/protocol";

/**
 * A join's answer with as many of its reset's newest messages as fit into `bytesMax`, at least one; older ones are had by
 * `history`. Two hundred rooms that begin anew would else come in one answer with all their newest messages.
 */
export function resetWithin(answer: JoinedRoom, bytesMax: number): JoinedRoom {
  if (!answer.ok || answer.reset === undefined) return answer;
  const { reason, state } = answer.reset;
  let bytes = 0;
  const over = state.messages.findLastIndex((message, index) => {
    bytes += utf8Bytes(JSON.stringify(message));
    return index < state.messages.length - 1 && bytes > bytesMax;
  });
  return over === -1
    ? answer
    : { ...answer, reset: { reason, state: { ...state, messages: state.messages.slice(over + 1) } } };
}
