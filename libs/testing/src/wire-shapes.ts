import {
  ackSchema,
  type ClientEventName,
  clientEventNames,
  serverEventSchemas,
  validator,
} from "@parley/protocol";

const checkPayload = new Map(
  Object.entries(serverEventSchemas).map(([event, schema]) => [event, validator(schema)] as const),
);
const checkAck = new Map<string, ReturnType<typeof validator>>(
  clientEventNames.map((event) => [event, validator(ackSchema(event))] as const),
);

/** The server has said what its own schemas do not allow. */
export class WireShapeError extends Error {
  override readonly name = "WireShapeError";
}

export function assertAck(event: ClientEventName, answer: unknown): void {
  const checked = checkAck.get(event)?.(answer);
  if (checked?.ok === false) throw fault(`the acknowledgement of ${event}`, answer, checked.error.message);
}

export function assertPayload(event: string, payload: unknown): void {
  const check = checkPayload.get(event);
  if (check === undefined)
    throw new WireShapeError(`the server sent an event that is not documented: ${event}`);
  const checked = check(payload);
  if (!checked.ok) throw fault(`event ${event}`, payload, checked.error.message);
}

const fault = (what: string, value: unknown, why: string): WireShapeError =>
  new WireShapeError(`${what} has not the documented shape: ${why}: ${JSON.stringify(value)?.slice(0, 500)}`);
