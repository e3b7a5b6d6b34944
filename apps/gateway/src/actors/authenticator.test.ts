import { hashBotToken, newBotToken, type TokenVerifier, type VerifyOutcome } from "@parley/auth";
import { type Scope, userScopes } from "@parley/protocol";
import { FakeClock } from "@parley/testing";
import { beforeEach, describe, expect, test } from "vitest";
import { Authenticator } from "./authenticator.ts";
import { AccountsInMemory, ann, bob, identityOf, RecordedRevocations, ts } from "./desk-fixture.ts";

let clock: FakeClock;
let accounts: AccountsInMemory;
let revocations: RecordedRevocations;
let outcome: VerifyOutcome;
let authenticator: Authenticator;
beforeEach(() => {
  clock = new FakeClock();
  accounts = new AccountsInMemory();
  revocations = new RecordedRevocations();
  outcome = { ok: true, identity: { ...identityOf(ann), name: "Ann" } };
  const verifier: TokenVerifier = { verify: () => Promise.resolve(outcome) };
  authenticator = new Authenticator({ verifier, accounts, revocations, clock });
});

describe("a person's token", () => {
  test("lets them in and remembers their name, and the next one", async () => {
    expect(await authenticator.authenticate("jwt")).toMatchObject({ ok: true, identity: { userId: ann } });
    expect(accounts.people.get(ann)).toMatchObject({ name: "Ann", bot: false });
    outcome = { ok: true, identity: { ...identityOf(ann), name: "Anna" } };
    await authenticator.authenticate("jwt");
    expect(accounts.people.get(ann)).toMatchObject({ name: "Anna" });
  });

  test("without a name leaves the name that is known", async () => {
    await authenticator.authenticate("jwt");
    const verifier: TokenVerifier = { verify: () => Promise.resolve(outcome) };
    const elsewhere = new Authenticator({ verifier, accounts, revocations, clock });
    outcome = { ok: true, identity: { ...identityOf(ann), name: undefined } };
    await elsewhere.authenticate("jwt");
    expect(accounts.people.get(ann)).toMatchObject({ name: "Ann" });
    outcome = { ok: true, identity: { ...identityOf(bob), name: undefined } };
    await elsewhere.authenticate("jwt");
    expect(accounts.people.get(bob)).toMatchObject({ name: "bob" });
  });

  test("lets them in while accounts are away, and tries to remember them later", async () => {
    accounts.failure = new Error("away");
    expect(await authenticator.authenticate("jwt")).toMatchObject({ ok: true });
    accounts.failure = undefined;
    await authenticator.authenticate("jwt");
    expect(accounts.people.size).toBe(0);
    await clock.advance(5_000);
    await authenticator.authenticate("jwt");
    expect(accounts.people.size).toBe(1);
  });

  test("that is revoked while its bearer is remembered does not let in", async () => {
    const putUser = accounts.putUser.bind(accounts);
    accounts.putUser = async (user) => {
      revocations.revoked.push("user ann");
      await putUser(user);
    };
    expect(await authenticator.authenticate("jwt")).toMatchObject({ error: { code: "token_revoked" } });
  });

  test("that is bad or revoked does not let in, nor is its bearer remembered", async () => {
    revocations.revoked.push("user ann");
    expect(await authenticator.authenticate("jwt")).toMatchObject({ error: { code: "token_revoked" } });
    outcome = { ok: false, code: "token_expired", message: "late" };
    expect(await authenticator.authenticate("jwt")).toMatchObject({ error: { code: "token_expired" } });
    expect(accounts.people.size).toBe(0);
  });
});

describe("a bot's token", () => {
  const made = newBotToken();
  const put = (fields: { expiresAt?: string; revoked?: boolean; scopes?: readonly Scope[] } = {}) =>
    accounts.putBotToken(
      {
        tokenId: made.tokenId,
        userId: bob,
        scopes: userScopes,
        createdAt: ts,
        expiresAt: undefined,
        revoked: false,
        ...fields,
      },
      hashBotToken(made.token),
    );

  test("is known by its hash, and covers what it was made for", async () => {
    await put({ scopes: ["rooms:read"] });
    expect(await authenticator.authenticate(made.token)).toMatchObject({
      ok: true,
      identity: { userId: bob, bot: true, tokenId: made.tokenId, scopes: new Set(["rooms:read"]) },
    });
    expect(await authenticator.authenticate(newBotToken().token)).toMatchObject({
      error: { code: "unauthorized" },
    });
  });

  test("ends when it expires, also while it is remembered", async () => {
    await put({ expiresAt: new Date(clock.nowMs() + 1_000).toISOString() });
    expect(await authenticator.authenticate(made.token)).toMatchObject({ ok: true });
    await clock.advance(1_000);
    expect(await authenticator.authenticate(made.token)).toMatchObject({ error: { code: "token_expired" } });
  });

  test("ends at once when its revocation is heard, and when its row is read again", async () => {
    await put();
    expect(await authenticator.authenticate(made.token)).toMatchObject({ ok: true });
    await accounts.revokeBotToken(made.tokenId);
    expect(await authenticator.authenticate(made.token)).toMatchObject({ ok: true });
    revocations.revoked.push(`token ${made.tokenId}`);
    expect(await authenticator.authenticate(made.token)).toMatchObject({ error: { code: "token_revoked" } });
    revocations.revoked.length = 0;
    await clock.advance(10_001);
    expect(await authenticator.authenticate(made.token)).toMatchObject({ error: { code: "token_revoked" } });
  });

  test("is looked up with no more than 256 others at once", async () => {
    const tokens = Array.from({ length: 257 }, () => newBotToken().token);
    const codes = async () =>
      (await Promise.all(tokens.map((token) => authenticator.authenticate(token)))).map(
        (answer) => !answer.ok && answer.error.code,
      );
    const expected = [...Array.from({ length: 256 }, () => "unauthorized"), "unavailable"];
    expect(await codes()).toEqual(expected);
    expect(await codes()).toEqual(expected);
  });

  test("is neither good nor bad while accounts are away", async () => {
    accounts.failure = new Error("away");
    expect(await authenticator.authenticate(made.token)).toMatchObject({ error: { code: "unavailable" } });
  });
});
