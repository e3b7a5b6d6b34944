import Type, { type Static, type TObject, type TProperties } from "typebox";
import { UserIdSchema } from "./ids.ts";

/** An object that refuses fields it does not name. */
export const closed = <Properties extends TProperties>(properties: Properties): TObject<Properties> =>
  Type.Object(properties, { additionalProperties: false });

export const SeqSchema = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
/** A place before, at or after which something is: 0 is before the first event. */
export const SeqOrZeroSchema = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
export const CountSchema = Type.Integer({ minimum: 0 });
export const TimeSchema = Type.String({
  pattern: String.raw`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$`,
  description: "RFC 3339, UTC, milliseconds.",
});

export const roomKinds = ["direct", "group", "public", "broadcast"] as const;
export type RoomKind = (typeof roomKinds)[number];
export const RoomKindSchema = Type.Unsafe<RoomKind>(Type.String({ enum: [...roomKinds] }));

export const roles = ["owner", "moderator", "member"] as const;
export type Role = (typeof roles)[number];
export const RoleSchema = Type.Unsafe<Role>(Type.String({ enum: [...roles] }));

export const historyVisibilities = ["all", "since-join"] as const;
/** `all`: members read from the first event; `since-join`: from their own joining. */
export type HistoryVisibility = (typeof historyVisibilities)[number];
export const HistoryVisibilitySchema = Type.Unsafe<HistoryVisibility>(
  Type.String({ enum: [...historyVisibilities] }),
);

export const RoomSettingsSchema = closed({
  slowModeMs: Type.Integer({ minimum: 0, maximum: 21_600_000 }),
  archived: Type.Boolean(),
  history: HistoryVisibilitySchema,
});
export type RoomSettings = Static<typeof RoomSettingsSchema>;

export const RoomNameSchema = Type.String({ minLength: 1, maxLength: 400 });
export const TextSchema = Type.String({ minLength: 1 });
/** 1 to 64 UTF-16 units without white space or controls; `thumbs-up`, `:party:` and `👍🏽` all are. */
export const EmojiSchema = Type.String({ pattern: String.raw`^[^\s\u0000-\u001f\u007f]{1,64}$` });
export const MetadataSchema = Type.Record(Type.String({ maxLength: 128 }), Type.Unknown());
export const UserListSchema = Type.Array(UserIdSchema, { maxItems: 200 });

/** A place in a room's order. `epoch` changes only when a log was lost or rebuilt. */
export const CursorSchema = closed({ epoch: Type.Integer({ minimum: 1 }), seq: SeqOrZeroSchema });
export type Cursor = Static<typeof CursorSchema>;
