/** Whether a request from a page of `origin`, to this service under the name `host`, is let in. */
export type OriginPolicy = (origin: string | undefined, host: string | undefined) => boolean;

/**
 * Lets in what is no browser (no `Origin`), pages that this service serves itself, and those of `origins`.
 * Sandboxed pages send the origin `null`, which is never on the list.
 */
export function originPolicy(origins: readonly string[]): OriginPolicy {
  const listed = new Set(origins);
  return (origin, host) =>
    origin === undefined || listed.has(origin) || (host !== undefined && URL.parse(origin)?.host === host);
}
