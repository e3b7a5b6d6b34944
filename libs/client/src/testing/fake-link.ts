import {
  defaultLimits,
  type Hello,
  mustParse,
  parseNodeId,
  parseSessionId,
  parseUserId,
  protocolVersion,
} from "@parley/protocol";
import type { Link, LinkEvents, LinkTarget, OpenLink } from "../link.ts";
import type { Request } from "../request.ts";
import { scriptedRequest } from "./scripted-request.ts";

export interface FakeLink {
  readonly target: LinkTarget;
  readonly events: LinkEvents;
  closed: boolean;
}

/** Links whose server is the test: it says what arrives, and when they end. */
export function fakeLinks(request: Request = scriptedRequest({}).request): {
  readonly openLink: OpenLink;
  readonly links: FakeLink[];
} {
  const links: FakeLink[] = [];
  const openLink: OpenLink = (target, events) => {
    const fake: FakeLink = { target, events, closed: false };
    links.push(fake);
    const link: Link = {
      request,
      close: () => {
        fake.closed = true;
      },
    };
    return link;
  };
  return { openLink, links };
}

export const hello = (extra: Partial<Hello> = {}): Hello => ({
  node: mustParse(parseNodeId, "n_1"),
  protocol: protocolVersion,
  sessionId: mustParse(parseSessionId, "s_1"),
  userId: mustParse(parseUserId, "u_ann"),
  limits: defaultLimits,
  serverTime: "2026-01-01T00:00:00.000Z",
  ...extra,
});
