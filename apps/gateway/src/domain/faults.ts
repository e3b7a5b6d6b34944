/** Faults that tests plant, to see that the checks of the promises can fail. Never in production. */
export const plantedFaults = ["drop-live", "swap-live", "skip-repair", "deliver-after-removal"] as const;
export type PlantedFault = (typeof plantedFaults)[number];

/** Every this many deliveries one is dropped, or swapped with the next. */
export const faultEvery = 7;

export const noFaults: ReadonlySet<PlantedFault> = new Set();
