export { AccountsUnavailableError, type Accounts, type BotToken, type User, type UserPage } from "./port.ts";
