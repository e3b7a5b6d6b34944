import { createSecretKey, randomUUID } from "node:crypto";
import type { UserId } from "@parley/protocol";
import jwt from "jsonwebtoken";
import { secretBytesMin } from "./token-verifier.ts";

export interface GuestToken {
  readonly userId: UserId;
  readonly name: string;
  readonly ttlMs: number;
  readonly issuer: string | undefined;
  readonly audience: string | undefined;
}

/** Signs (HS256) a token that a verifier with the same secret, issuer and audience accepts for `ttlMs`. */
export function signGuestToken(secret: string, guest: GuestToken): string {
  if (Buffer.byteLength(secret) < secretBytesMin) {
    throw new RangeError(`the signing secret has fewer than ${secretBytesMin} bytes`);
  }
  return jwt.sign({ name: guest.name }, createSecretKey(Buffer.from(secret)), {
    algorithm: "HS256",
    subject: guest.userId,
    jwtid: randomUUID(),
    expiresIn: Math.ceil(guest.ttlMs / 1_000),
    ...(guest.issuer !== undefined && { issuer: guest.issuer }),
    ...(guest.audience !== undefined && { audience: guest.audience }),
  });
}
