import type { Command } from "./commands.ts";
import type { ErrorCode, WireError } from "./errors.ts";
import type { RoomId, UserId } from "./ids.ts";
import type { RoomEvent } from "./room-events.ts";
import type { Cursor } from "./shapes.ts";
import type { EventRun, JoinedRoom, Page } from "./socket.ts";
import type { MemberView, MessageView, PageQuery, RoomOverview, RoomView } from "./views.ts";

/**
 * What the edge asks of the instance that owns a room's partition. Plain JSON values: they cross a network.
 *
 * `atLeast` is the newest place of the room that the asker has seen: an owner behind it reloads, and still behind it
 * answers `unavailable`, never something older.
 */
export interface OwnerRequests {
  /** `deadlineMs` counts from the asking. */
  readonly command: {
    readonly ask: { readonly command: Command; readonly traceparent?: string };
    readonly answer: CommandAnswer;
  };
  readonly join: {
    readonly ask: {
      readonly room: RoomId;
      readonly user: UserId;
      readonly cursor?: Cursor;
      readonly bytesMax: number;
      readonly atLeast?: Cursor;
    };
    readonly answer: JoinedRoom;
  };
  /** The run after `after` as the room's log has it, without regard to who asks: for gateways. */
  readonly run: {
    readonly ask: {
      readonly room: RoomId;
      readonly after: number;
      readonly limit: number;
      readonly atLeast?: Cursor;
    };
    readonly answer: EventRun;
  };
  readonly events: {
    readonly ask: {
      readonly room: RoomId;
      readonly user: UserId;
      readonly after: number;
      readonly limit: number;
      readonly atLeast?: Cursor;
    };
    readonly answer: EventRun;
  };
  readonly messages: {
    readonly ask: {
      readonly room: RoomId;
      readonly user: UserId;
      readonly page: PageQuery;
      readonly atLeast?: Cursor;
    };
    /** `items` ascend; `more` says whether the room has further ones in the page's direction. */
    readonly answer: { readonly items: readonly MessageView[]; readonly more: boolean };
  };
  readonly message: {
    readonly ask: {
      readonly room: RoomId;
      readonly user: UserId;
      readonly seq: number;
      readonly atLeast?: Cursor;
    };
    readonly answer: { readonly message: MessageView };
  };
  readonly room: {
    readonly ask: { readonly room: RoomId; readonly user: UserId; readonly atLeast?: Cursor };
    readonly answer: { readonly view: RoomView };
  };
  readonly members: {
    readonly ask: {
      readonly room: RoomId;
      readonly user: UserId;
      readonly cursor?: string;
      readonly limit: number;
      readonly atLeast?: Cursor;
    };
    readonly answer: Page<MemberView>;
  };
  /** Max-register: a lower `seq` changes nothing; one above the head is cut to it. */
  readonly read: {
    readonly ask: {
      readonly room: RoomId;
      readonly user: UserId;
      readonly seq: number;
      readonly atLeast?: Cursor;
    };
    readonly answer: { readonly seq: number; readonly unread: number; readonly memberCount: number };
  };
  /** The rooms are all of the partition asked; those the user is no member of are left out. */
  readonly overview: {
    readonly ask: { readonly rooms: readonly RoomId[]; readonly user: UserId };
    readonly answer: { readonly items: readonly RoomOverview[] };
  };
  /** The index of a user's rooms; any instance answers. It may lag behind the log by what is not yet archived. */
  readonly roomsOf: {
    readonly ask: { readonly user: UserId; readonly cursor?: string; readonly limit: number };
    readonly answer: Page<RoomId>;
  };
  readonly publicRooms: {
    readonly ask: { readonly query?: string; readonly cursor?: string; readonly limit: number };
    readonly answer: Page<RoomView>;
  };
  /** Heads of the rooms that got entries after position `since` of the log of `epoch`; `complete: false`: it cannot say. */
  readonly changes: {
    readonly ask: { readonly partition: number; readonly epoch: number; readonly since: number };
    readonly answer: {
      readonly position: number;
      readonly heads: readonly RoomHead[];
      readonly complete: boolean;
    };
  };
}

export type OwnerOp = keyof OwnerRequests;
export type OwnerAsk<Op extends OwnerOp> = OwnerRequests[Op]["ask"];
export type OwnerAnswerBody<Op extends OwnerOp> = OwnerRequests[Op]["answer"];
export type OwnerAnswer<Op extends OwnerOp> =
  | { readonly ok: true; readonly body: OwnerAnswerBody<Op> }
  | { readonly ok: false; readonly error: WireError };
/** `{op, ask}` as it crosses the bus. */
export type OwnerRequest = {
  readonly [Op in OwnerOp]: { readonly op: Op; readonly ask: OwnerAsk<Op> };
}[OwnerOp];

export interface CommandOk {
  readonly seq: number;
  readonly n: number;
  readonly ts: string;
  readonly epoch: number;
  readonly replayed: boolean;
  /** The event that the command became; absent when nothing had to change or on a replay from long ago. */
  readonly event?: RoomEvent;
}
export type CommandAnswer =
  | ({ readonly decided: true } & CommandOk)
  | {
      readonly decided: false;
      readonly code: ErrorCode;
      readonly error: WireError;
      readonly replayed: boolean;
    };

export interface RoomHead {
  readonly room: RoomId;
  readonly epoch: number;
  readonly seq: number;
  readonly n: number;
}

/** `pulse.<p>`: heads of the rooms that got entries since this instance's previous pulse, up to log `position`. */
export interface Pulse {
  readonly partition: number;
  readonly instance: string;
  readonly number: number;
  /** Of the log; positions of another epoch are of another log. */
  readonly epoch: number;
  readonly position: number;
  readonly heads: readonly RoomHead[];
}
