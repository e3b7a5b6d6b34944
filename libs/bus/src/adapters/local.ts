export { LocalOwners, type LocalOwnersOptions } from "./local-owners.ts";
export { LocalLiveFeed, type LocalLiveFeedOptions, type Tampering } from "./local-live-feed.ts";
