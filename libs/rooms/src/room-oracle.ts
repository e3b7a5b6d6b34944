import type { Role, RoomEvent, UserId } from "@parley/protocol";

/**
 * A room told plainly from its events alone: sets that are filled and emptied, counts that are counted. It reads none of the
 * absolute results that events carry, so those can be held against it.
 */
export class RoomOracle {
  readonly active = new Map<UserId, Role>();
  readonly banned = new Set<UserId>();
  readonly alive = new Set<number>();
  readonly deleted = new Set<number>();
  readonly reactions = new Map<number, Map<string, Set<UserId>>>();
  pins: number[] = [];
  created = 0;

  get owners(): number {
    return [...this.active.values()].filter((role) => role === "owner").length;
  }

  /** Emoji to how many reacted so, of a message that is not deleted. */
  reactionCounts(seq: number): Record<string, number> {
    const kinds = [...(this.reactions.get(seq) ?? [])].filter(([, users]) => users.size > 0);
    return Object.fromEntries(kinds.map(([emoji, users]) => [emoji, users.size]));
  }

  apply(event: RoomEvent): void {
    switch (event.kind) {
      case "room.created":
        for (const { user, role } of event.members) this.active.set(user, role);
        return;
      case "member.joined":
        this.active.set(event.author, event.role);
        return;
      case "member.added":
      case "member.role":
        this.active.set(event.user, event.role);
        return;
      case "member.left":
        this.active.delete(event.author);
        return;
      case "member.banned":
        this.banned.add(event.user);
        this.active.delete(event.user);
        return;
      case "member.removed":
        this.active.delete(event.user);
        return;
      case "member.unbanned":
        this.banned.delete(event.user);
        return;
      default:
        this.#applyToMessage(event);
    }
  }

  #applyToMessage(event: RoomEvent): void {
    switch (event.kind) {
      case "message.created":
        this.created += 1;
        this.alive.add(event.seq);
        return;
      case "message.deleted":
        this.alive.delete(event.target);
        this.deleted.add(event.target);
        this.pins = this.pins.filter((seq) => seq !== event.target);
        return;
      case "message.pinned":
        this.pins.push(event.target);
        return;
      case "message.unpinned":
        this.pins = this.pins.filter((seq) => seq !== event.target);
        return;
      case "reaction.added":
        this.#reacted(event.target, event.emoji).add(event.author);
        return;
      case "reaction.removed":
        this.#reacted(event.target, event.emoji).delete(event.author);
        return;
      default:
    }
  }

  #reacted(seq: number, emoji: string): Set<UserId> {
    const kinds = this.reactions.get(seq) ?? new Map<string, Set<UserId>>();
    const users = kinds.get(emoji) ?? new Set<UserId>();
    this.reactions.set(seq, kinds.set(emoji, users));
    return users;
  }
}
