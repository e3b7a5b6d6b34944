import type { AckOf, ClientEventName, ClientPayload } from "@parley/protocol";
import type { Request } from "../request.ts";

type Answers = {
  [Name in ClientEventName]?: (payload: ClientPayload<Name>) => AckOf<Name> | Promise<AckOf<Name>>;
};

export interface ScriptedRequest {
  readonly request: Request;
  /** What was asked, in order. */
  readonly asked: (readonly [ClientEventName, unknown])[];
}

/** A server that is one function for each thing it may be asked; asked anything else it throws. */
export function scriptedRequest(answers: Answers): ScriptedRequest {
  const asked: (readonly [ClientEventName, unknown])[] = [];
  const request: Request = async (name, payload) => {
    asked.push([name, payload]);
    const answer = answers[name];
    if (answer === undefined) throw new Error(`unexpected request: ${name}`);
    return answer(payload);
  };
  return { request, asked };
}
