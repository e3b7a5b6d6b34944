export type { Identity, TokenFault, VerifyOutcome } from "./identity.ts";
export {
  createTokenVerifier,
  secretBytesMin,
  type TokenVerifier,
  type TokenVerifierOptions,
} from "./token-verifier.ts";
export { signGuestToken, type GuestToken } from "./guest-token.ts";
export { botTokenPrefix, hashBotToken, isBotToken, newBotToken, type NewBotToken } from "./bot-token.ts";
