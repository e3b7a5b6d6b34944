import type {
  MemberRecord,
  MemberView,
  MessageRecord,
  MessageView,
  RoomId,
  RoomRecord,
  RoomView,
} from "@parley/protocol";

/** A message as `reacted` (emoji the asker has reacted with) sees it. */
export function messageView(room: RoomId, record: MessageRecord, reacted: ReadonlySet<string>): MessageView {
  const { key, editedTs, replyTo, mentions, metadata, reactions, ...fields } = record;
  return {
    room,
    ...fields,
    ...(key === undefined ? {} : { key }),
    ...(editedTs === undefined ? {} : { editedTs }),
    ...(replyTo === undefined ? {} : { replyTo }),
    ...(mentions.length === 0 ? {} : { mentions: [...mentions] }),
    ...(metadata === undefined ? {} : { metadata: { ...metadata } }),
    reactions: Object.entries(reactions).map(([emoji, count]) => ({
      emoji,
      count,
      mine: reacted.has(emoji),
    })),
  };
}

export function roomView(record: RoomRecord, epoch: number, asker: MemberRecord | undefined): RoomView {
  const { room, kind, name, head, n, memberCount, settings } = record;
  return {
    room,
    kind,
    ...(name === undefined ? {} : { name }),
    epoch,
    head,
    n,
    memberCount,
    settings,
    ...(asker?.status === "active" ? { role: asker.role } : {}),
  };
}

export const memberView = ({ user, role, sinceSeq }: MemberRecord): MemberView => ({ user, role, sinceSeq });
