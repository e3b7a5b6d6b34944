export type { AskOptions, LiveEntry, LiveFeed, OwnerHandler, Owners, OwnerSeat } from "./port.ts";
export { systemClock, type Clock } from "./clock.ts";
export { rank } from "./rendezvous.ts";
export { liveEntry } from "./live-entry.ts";
export {
  askByRank,
  type Attempt,
  type AttemptOutcome,
  type RankedAnswer,
  type RankedAsk,
} from "./ask-by-rank.ts";
