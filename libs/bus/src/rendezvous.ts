import { fnv1a32 } from "@parley/protocol";

/**
 * Instances in the order in which they are asked about `partition`, by rendezvous hashing: each instance has a score for
 * the partition and the highest is first. So everybody who knows the same instances ranks them alike, and when one goes
 * only what it had is spread over the others.
 * Source: Thaler and Ravishankar, "Using Name-Based Mappings to Increase Hit Rates", 1998.
 */
export function rank(instances: Iterable<string>, partition: number): readonly string[] {
  return [...instances]
    .map((instance) => ({ instance, score: score(instance, partition) }))
    .sort((left, right) => right.score - left.score || (left.instance < right.instance ? -1 : 1))
    .map(({ instance }) => instance);
}

/** FNV-1a alone moves little in its high bits for a last digit; the finaliser of MurmurHash3 (Appleby) spreads it. */
function score(instance: string, partition: number): number {
  let hash = fnv1a32(`${instance}\n${partition}`);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
