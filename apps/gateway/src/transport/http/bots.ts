import {
  BotParamsSchema,
  BotTokenParamsSchema,
  CreateBotSchema,
  CreateBotTokenSchema,
} from "@parley/protocol";
import { bodyCheck, optionalBodyCheck, textCheck } from "./checks.ts";
import { replayed } from "./idempotency.ts";
import type { Surface } from "./surface.ts";

const createBotBody = bodyCheck(CreateBotSchema);
const createBotTokenBody = optionalBodyCheck(CreateBotTokenSchema);
const botTokenParams = textCheck(BotTokenParamsSchema);
const botParams = textCheck(BotParamsSchema);
const tokensPath = "/v1/bots/:bot/tokens";

/** My bots and their tokens. */
export function botEndpoints(surface: Surface): void {
  bots(surface);
  botTokens(surface);
}

function bots({ endpoints, desks }: Surface): void {
  endpoints.known({
    method: "POST",
    path: "/v1/bots",
    body: createBotBody,
    answer: async ({ asker, key, body, settle }) => {
      const made = settle(await desks.bots.create(asker, { ...body, key })).body;
      const { replayed: again, ...shown } = made;
      return { status: again ? 200 : 201, body: shown, headers: replayed(made) };
    },
  });
  endpoints.known({
    method: "GET",
    path: "/v1/bots",
    answer: async ({ asker, settle }) => ({ status: 200, body: settle(await desks.bots.list(asker)).body }),
  });
}

function botTokens({ endpoints, desks }: Surface): void {
  endpoints.known({
    method: "POST",
    path: tokensPath,
    params: botParams,
    body: createBotTokenBody,
    answer: async ({ asker, params, body: { scopes, expiresAt }, settle }) => {
      const { body } = settle(await desks.bots.addToken(asker, params.bot, { scopes, expiresAt }));
      return { status: 201, body, headers: { location: `/v1/bots/${body.userId}/tokens/${body.tokenId}` } };
    },
  });
  endpoints.known({
    method: "GET",
    path: tokensPath,
    params: botParams,
    answer: async ({ asker, params, settle }) => ({
      status: 200,
      body: settle(await desks.bots.tokens(asker, params.bot)).body,
    }),
  });
  endpoints.known({
    method: "DELETE",
    path: `${tokensPath}/:tokenId`,
    params: botTokenParams,
    answer: async ({ asker, params: { bot, tokenId }, settle }) => {
      settle(await desks.bots.revokeToken(asker, bot, tokenId));
      return { status: 204 };
    },
  });
}
