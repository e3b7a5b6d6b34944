export { ownersContract, type OwnersSetting, type OwnersSettingOptions } from "./contract/owners.ts";
export { liveFeedContract, type LiveFeedSetting } from "./contract/live-feed.ts";
