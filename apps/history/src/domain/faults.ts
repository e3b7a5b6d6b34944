/**
 * Planted bugs, to show that the checks would find real ones. Only tests switch them on; a service that is told it runs
 * in production refuses to start with any.
 *
 * `ack-before-append` answers a command before its entry is stored; `forget-keys` loads a room without the keys that were
 * answered in it; `lose-marks` looks up a read mark and now and then finds none; `resurrect-deleted` shows deleted
 * messages as if they were not.
 */
export const historyFaults = ["ack-before-append", "forget-keys", "lose-marks", "resurrect-deleted"] as const;
export type HistoryFault = (typeof historyFaults)[number];

/** Every this many look-ups of a mark it is lost. */
export const lostMarkEvery = 3;
