const finalText = 0x81;
const prefix = Buffer.from('42["events",', "latin1");
const suffix = Buffer.from("]", "latin1");

/**
 * One whole WebSocket text frame (RFC 6455 §5.2: final, unmasked) that holds the Socket.IO event `events` with `payload`,
 * UTF-8 JSON, as its one argument. Made once for an entry; every local socket gets these very bytes.
 */
export function encodeEventsFrame(payload: Uint8Array): Buffer {
  const length = prefix.length + payload.length + suffix.length;
  const header = headerBytes(length);
  const frame = Buffer.allocUnsafe(header + length);
  writeHeader(frame, length);
  prefix.copy(frame, header);
  frame.set(payload, header + prefix.length);
  suffix.copy(frame, header + length - suffix.length);
  return frame;
}

const headerBytes = (length: number): number => (length < 126 ? 2 : length < 65_536 ? 4 : 10);

function writeHeader(frame: Buffer, length: number): void {
  frame[0] = finalText;
  if (length < 126) {
    frame[1] = length;
  } else if (length < 65_536) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeUInt32BE(0, 2);
    frame.writeUInt32BE(length, 6);
  }
}
