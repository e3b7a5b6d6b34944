import { setImmediate } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { createTelemetry, type Telemetry } from "./index.ts";

const lines: string[] = [];
const open: Telemetry[] = [];

function telemetryUnderTest(): Telemetry {
  const telemetry = createTelemetry({
    service: "gateway",
    level: "info",
    destination: { write: (line) => lines.push(line) },
  });
  open.push(telemetry);
  return telemetry;
}

const written = (): readonly Record<string, unknown>[] =>
  lines.map((line) => JSON.parse(line) as Record<string, unknown>);

afterEach(() => {
  lines.length = 0;
  for (const telemetry of open.splice(0)) telemetry[Symbol.dispose]();
});

describe("log lines", () => {
  test("are JSON with level, time, service and message", () => {
    telemetryUnderTest().log.warn({ room: "r_1" }, "slow");
    expect(written()).toEqual([
      {
        level: "warn",
        time: expect.stringMatching(/^\d{4}-.*Z$/) as string,
        service: "gateway",
        room: "r_1",
        msg: "slow",
      },
    ]);
  });

  test("below the level are not written", () => {
    telemetryUnderTest().log.debug("detail");
    expect(lines).toEqual([]);
  });

  test("of a child carry its own service, once", () => {
    telemetryUnderTest().child("history").log.info("ready");
    expect(lines[0]?.match(/"service"/g)).toHaveLength(1);
    expect(written()[0]?.["service"]).toBe("history");
  });

  test("never carry tokens or authorization, wherever they are nested", () => {
    telemetryUnderTest().log.info(
      {
        token: "hunter2",
        auth: { token: "hunter2" },
        request: { headers: { authorization: "Bearer hunter2", cookie: "hunter2" } },
      },
      "connected",
    );
    expect(lines[0]).not.toContain("hunter2");
    expect(lines[0]).toContain("[redacted]");
  });

  test("carry errors with their stack and cause", () => {
    const cause = new Error("disk full");
    telemetryUnderTest().log.error({ err: new Error("append failed", { cause }) }, "failed");
    expect(lines[0]).toContain("append failed: disk full");
    expect(lines[0]).toContain("telemetry.test.ts");
  });
});

describe("metrics", () => {
  const sends = { name: "parley_sends_total", help: "Sends.", labels: ["result"] } as const;

  test("are counted together when two services of a process ask for the same name", async () => {
    const telemetry = telemetryUnderTest();
    telemetry.metrics.counter(sends).inc({ result: "ok" });
    telemetry.child("history").metrics.counter(sends).inc({ result: "ok" }, 2);
    const { body, contentType } = await telemetry.child("presence").metricsText();
    expect(body).toContain('parley_sends_total{result="ok"} 3');
    expect(body.match(/# HELP parley_sends_total/g)).toHaveLength(1);
    expect(contentType).toMatch(/^text\/plain/);
  });

  test("refuse a name that is there as another kind or with other labels", () => {
    const { metrics } = telemetryUnderTest();
    metrics.counter(sends);
    expect(() => metrics.counter({ ...sends, labels: ["code"] })).toThrow(TypeError);
    expect(() => metrics.gauge({ ...sends })).toThrow(TypeError);
  });

  test("refuse names that do not say what they are", () => {
    const { metrics } = telemetryUnderTest();
    expect(() => metrics.counter({ name: "parley_sends", help: "x" })).toThrow(TypeError);
    expect(() => metrics.gauge({ name: "sends", help: "x" })).toThrow(TypeError);
  });

  test("of two processes in one test do not touch each other", async () => {
    telemetryUnderTest().metrics.counter(sends).inc({ result: "ok" });
    expect((await telemetryUnderTest().metricsText()).body).not.toContain("parley_sends_total");
  });

  test("collect gauges when they are asked for", async () => {
    const telemetry = telemetryUnderTest();
    let sockets = 1;
    telemetry.metrics.gauge({
      name: "parley_sockets",
      help: "Open sockets.",
      collect: (gauge) => gauge.set(sockets),
    });
    sockets = 7;
    expect((await telemetry.metricsText()).body).toContain("parley_sockets 7");
  });

  test("sort observations into the buckets given", async () => {
    const telemetry = telemetryUnderTest();
    const ack = telemetry.metrics.histogram({ name: "parley_ack_ms", help: "Ack.", buckets: [1, 10] });
    ack.observe(5);
    const { body } = await telemetry.metricsText();
    expect(body).toContain('parley_ack_ms_bucket{le="1"} 0');
    expect(body).toContain('parley_ack_ms_bucket{le="10"} 1');
  });

  test("of the process itself are there, event loop included", async () => {
    const { body } = await telemetryUnderTest().metricsText();
    expect(body).toContain("process_cpu_seconds_total");
    expect(body).toContain("nodejs_eventloop_lag_p99_seconds");
  });
});

test("a blocked event loop shows in its delay", async () => {
  const { eventLoop } = telemetryUnderTest();
  const blockedMs = 100;
  // Measured between ticks of a timer, so the first blocks may fall before the first tick.
  while (eventLoop.recentMaxMs() < blockedMs / 2) {
    const endMs = performance.now() + blockedMs;
    while (performance.now() < endMs);
    await setImmediate();
  }
  expect(eventLoop.recentMaxMs()).toBeGreaterThan(blockedMs / 2);
  eventLoop.forget();
  expect(eventLoop.recentMaxMs()).toBe(0);
});
