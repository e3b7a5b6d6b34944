export interface Guest {
  readonly token: string;
  /** The lobby; `undefined` when it could not be made now. */
  readonly room: string | undefined;
}

/** What somebody who has just started the server is told. */
export interface Welcome {
  readonly url: string;
  readonly startedInMs: number;
  readonly dataDir: string;
  /** Only where guests may come in. */
  readonly guest: Guest | undefined;
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
    ...botLines(url, guest),
  ];
}

function botLines(url: string, { token, room }: Guest): readonly string[] {
  if (room === undefined) return ["  The lobby could not be opened: see the log.", ""];
  return [
    "  Post as a bot:",
    `    curl -X POST ${url}/v1/rooms/${room}/messages -H 'content-type: application/json' \\`,
    `      -d '{"text":"hello from curl"}' -H 'authorization: Bearer ${token}'`,
    "",
  ];
}
