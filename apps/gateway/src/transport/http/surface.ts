import type { Desks } from "../../actors/desks.ts";
import type { Endpoints } from "./endpoint.ts";

/** What every resource is put on. */
export interface Surface {
  readonly endpoints: Endpoints;
  readonly desks: Desks;
  /** For a command, from its arrival here to its answer. */
  readonly deadlineMs: number;
}
