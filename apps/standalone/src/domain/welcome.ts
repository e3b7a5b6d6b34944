/** What somebody who has just started the server is told. */
export interface Welcome {
  readonly url: string;
  readonly startedInMs: number;
  readonly dataDir: string;
  /** Only where guests may come in. */
  readonly guest: { readonly token: string; readonly room: string } | undefined;
}

/** Lines for the terminal; the first one begins with `ready` and names the address. */
export function welcomeLines({ url, startedInMs, dataDir, guest }: Welcome): readonly string[] {
  const started = `started in ${(startedInMs / 1_000).toFixed(1)} s, data in ${dataDir}`;
  if (guest === undefined) return [`ready ${url}`, `  ${started}`];
  return [
    `ready ${url}`,
    `  ${started}`,
    "",
    "  GUEST TOKENS ARE ON: whoever reaches this address may speak. PARLEY_ENV=production turns them off.",
    "",
    "  Talk, in another terminal:",
    `    npm run chat -- --room lobby --name ann${url.endsWith(":3000") ? "" : ` --url ${url}`}`,
    "",
    "  Post as a bot:",
    `    curl -X POST ${url}/v1/rooms/${guest.room}/messages -H 'content-type: application/json' \\`,
    `      -d '{"text":"hello from curl"}' -H 'authorization: Bearer ${guest.token}'`,
    "",
  ];
}
