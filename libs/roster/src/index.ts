export type { Assertion, Lease, Roster, Sweep } from "./port.ts";
export {
  absent,
  graceOver,
  isChange,
  present,
  strongest,
  unknownUser,
  viewOf,
  type Moment,
  type Said,
  type Shown,
  type UserPresence,
} from "./presence-state.ts";
