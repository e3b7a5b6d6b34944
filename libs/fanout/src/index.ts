export { encodeEventsFrame } from "./frame.ts";
export { Peer, type PeerEvents, type PeerFault, type PeerLimits } from "./peer.ts";
export { Peers, type PeersOptions } from "./peers.ts";
export {
  defaultRoomBatchOptions,
  RoomBatch,
  type FrameTarget,
  type RoomBatchOptions,
  type Seat,
} from "./room-batch.ts";
export {
  type AllowUpgrade,
  engineOptions,
  type EngineLimits,
  refuseTransportChange,
} from "./engine-options.ts";
export { freeHandshake, freeUpgradeRequest } from "./connection-memory.ts";
export { BoundedWebSocketServer } from "./ws-engine.ts";
export { WindowBudget } from "./window-budget.ts";
