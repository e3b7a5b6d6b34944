import { type ActionOf, mentionTokens, type MemberRecord, parseUserId, type UserId } from "@parley/protocol";

export interface Mentioner {
  readonly author: UserId;
  readonly bot: boolean;
}

/**
 * Whom a text may ping, before it is known who of them is in the room: those listed in `mentions` and those named as
 * `<@id>` in the text, never the author. With `allowedMentions` only those of them that it lists; a bot without it pings
 * nobody, so that text which a bot passes on cannot ping by accident.
 */
export function mentionCandidates(
  action: ActionOf<"send" | "edit">,
  { author, bot }: Mentioner,
): readonly UserId[] {
  if (bot && action.allowedMentions === undefined) return [];
  const inText = mentionTokens(action.text).flatMap((token) => parseUserId(token) ?? []);
  const named = [...new Set([...(action.mentions ?? []), ...inText])].filter((user) => user !== author);
  if (action.allowedMentions === undefined) return named;
  const allowed = new Set(action.allowedMentions);
  return named.filter((user) => allowed.has(user));
}

/** Whom a text pings: of the candidates those who are in the room. */
export function mentionsOf(
  action: ActionOf<"send" | "edit">,
  by: Mentioner & { readonly members: ReadonlyMap<UserId, MemberRecord> },
): readonly UserId[] {
  return mentionCandidates(action, by).filter((user) => by.members.get(user)?.status === "active");
}
