import { type DestinationStream, type Level, type Logger, pino, stdTimeFunctions } from "pino";

export type Log = Logger;
export type LogLevel = Level | "silent";
export const logLevels = [
  "trace",
  "debug",
  "info",
  "warn",
  "error",
  "fatal",
  "silent",
] as const satisfies readonly LogLevel[];

/** Fields whose values never reach a log line, as long as they are no deeper than three levels. */
export const redactedFields = [
  "token",
  "authorization",
  "Authorization",
  "cookie",
  "password",
  "secret",
] as const;

const redactedPaths = redactedFields.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

/**
 * JSON lines `{level, time, …, msg}`, one line an event; errors go under `err`. Without a destination they are written
 * to standard output before the call returns, so that a crash loses none.
 */
export const createLog = (level: LogLevel, destination: DestinationStream | undefined): Log =>
  pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: redactedPaths, censor: "[redacted]" },
    },
    destination ?? pino.destination({ fd: 1, sync: true }),
  );
