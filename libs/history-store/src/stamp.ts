const seqBits = 44n;

/** Cuts the seq out of a stamp. */
export const seqMask = (1n << seqBits) - 1n;

/**
 * When a write happened in the order of its room: a later event has the larger stamp, and any event of a later epoch.
 *
 * Rows keep the stamp of what is in them, so whoever writes compares two numbers, and writers of any order end alike. It
 * serves a log's positions as it serves seqs; both stay below 2^44.
 */
export const stampOf = (epoch: number, seq: number): bigint => (BigInt(epoch) << seqBits) | BigInt(seq);
