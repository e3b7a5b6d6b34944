/**
 * Planted bugs, to show that the checks would find real ones. Only tests switch them on; a service that is told it runs
 * in production refuses to start with any.
 *
 * `ack-before-append` answers a command before its entry is stored; `forget-keys` loads a
 * room without the keys that were answered in it.
 */
export const historyFaults = ["ack-before-append", "forget-keys"] as const;
export type HistoryFault = (typeof historyFaults)[number];
