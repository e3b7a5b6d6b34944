export { type Decide, type Decision, type Evolve, type FactNeeds, type Facts } from "./model.ts";
export { decide, factNeeds } from "./decide.ts";
export { emptyRoom, evolve } from "./evolve.ts";
export { foldMember } from "./fold-member.ts";
export { foldMessage, foldReaction, reactionCount, type ReactionPlace } from "./fold-message.ts";
export { keyVerdict, storedVerdict, type KeyQuestion, type KeyVerdict } from "./key-verdict.ts";
export { mentionCandidates, mentionsOf, type Mentioner } from "./mentions.ts";
export { deeds, permissions, type Deed, type Needed, type Permission, type Standing } from "./permissions.ts";
export { mayRead, unread, type ReadPermission, type UnreadQuestion } from "./reading.ts";
