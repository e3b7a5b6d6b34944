import type { Accounts } from "@parley/accounts";
import type { Owners } from "@parley/bus";
import type { Limits } from "@parley/protocol";
import type { RateLimiter } from "@parley/rate-limiter";
import { BotDesk } from "./bot-desk.ts";
import { CommandDesk, type CommandTelemetry } from "./command-desk.ts";
import { Directory } from "./directory.ts";
import { GuestDesk, type GuestSigning } from "./guest-desk.ts";
import { ReadDesk } from "./read-desk.ts";
import { RevocationDesk } from "./revocation-desk.ts";
import type { Notifier, Revocations, SeenCursors } from "./seams.ts";

export interface DeskParts {
  readonly owners: Pick<Owners, "ask">;
  readonly partitions: number;
  readonly limits: Limits;
  readonly rateLimiter: RateLimiter;
  readonly notifier: Notifier;
  readonly seen: SeenCursors;
  readonly telemetry: CommandTelemetry;
  readonly clock: { readonly nowMs: () => number };
  readonly accounts: Accounts;
  readonly revocations: Revocations;
  /** `undefined`: this deployment has no guests. */
  readonly signing: GuestSigning | undefined;
}

/** Everything that can be asked for here, whatever it was asked by. */
export interface Desks {
  readonly commands: CommandDesk;
  readonly reads: ReadDesk;
  readonly bots: BotDesk;
  readonly directory: Directory;
  readonly guests: GuestDesk;
  readonly revocations: RevocationDesk;
}

export const createDesks = (parts: DeskParts): Desks => ({
  commands: new CommandDesk(parts),
  reads: new ReadDesk(parts),
  bots: new BotDesk(parts),
  directory: new Directory(parts),
  guests: new GuestDesk(parts),
  revocations: new RevocationDesk(parts),
});
