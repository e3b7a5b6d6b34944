export { FakeClock, settle } from "./fake-clock.ts";
export { SeededRandom, testSeed } from "./seeded-random.ts";
export {
  ServerProcess,
  standalone,
  temporaryFolder,
  type CpuSeconds,
  type ServerOptions,
} from "./server-process.ts";
export { inspectorArgument, liveHeapBytes } from "./heap-probe.ts";
export { TcpProxy } from "./tcp-proxy.ts";
export { RestClient, RestError, type RestAnswer, type RestRequest } from "./rest-client.ts";
export {
  HistoryRecorder,
  type AppliedHistory,
  type AppliedStep,
  type Invocation,
  type ObservedMark,
  type RecordedAnswer,
  type RecordedHistory,
  type RoomRecord,
} from "./recorded-history.ts";
export { RoomFold, type FoldedMessage, type MemberWindow } from "./room-fold.ts";
export { checkHistory, report } from "./invariants/check-history.ts";
export { evidenceOf, unchecked, type Evidence } from "./invariants/evidence.ts";
export type { InvariantName, Violation } from "./invariants/violation.ts";
export {
  frame,
  opcodes,
  RawWebSocket,
  UpgradeRefused,
  type Ending,
  type FrameOptions,
  type RawConnectOptions,
} from "./raw-web-socket.ts";
export { ConnectRefused, SocketIoPeer } from "./socket-io-peer.ts";
