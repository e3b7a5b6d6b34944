import { mustParse, parseNodeId, parseUserId, presenceStatuses } from "@parley/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  absent,
  graceOver,
  isChange,
  present,
  type Said,
  strongest,
  unknownUser,
  type UserPresence,
  viewOf,
} from "./presence-state.ts";

const ada = mustParse(parseUserId, "ada");
const gateways = ["g1", "g2", "g3"].map((name) => mustParse(parseNodeId, name));
const graceMs = 25_000;

const texts = fc.option(fc.constantFrom("a", "b", ""), { nil: undefined });
const said: fc.Arbitrary<Said> = fc.record({
  status: fc.option(fc.constantFrom(...presenceStatuses), { nil: undefined }),
  text: texts,
});

const steps = fc.array(
  fc.record({
    pauseMs: fc.nat(20_000),
    gateway: fc.constantFrom(...gateways),
    step: fc.oneof(
      said.map((each) => ({ kind: "present", said: each }) as const),
      fc.constant({ kind: "absent" } as const),
      fc.constant({ kind: "sweep" } as const),
    ),
  }),
);
type Step = typeof steps extends fc.Arbitrary<(infer Each)[]> ? Each : never;

function apply(user: UserPresence, { gateway, step }: Step, nowMs: number): UserPresence {
  if (step.kind === "present") return present(user, { gateway, said: step.said }, { nowMs, graceMs });
  return step.kind === "absent" ? absent(user, gateway, { nowMs, graceMs }) : graceOver(user, nowMs);
}

/** Every state a run of steps goes through, with its time. */
function walk(run: readonly Step[]): readonly { readonly user: UserPresence; readonly nowMs: number }[] {
  let state = { user: unknownUser, nowMs: 1_780_000_000_000 };
  return run.map((each) => {
    const nowMs = state.nowMs + each.pauseMs;
    state = { user: apply(state.user, each, nowMs), nowMs };
    return state;
  });
}

describe("what several gateways say", () => {
  test("comes to the same in whatever order it is heard", () => {
    fc.assert(
      fc.property(fc.array(said), fc.array(said), (left, right) => {
        const forward = strongest([...left, ...right]);
        const backward = strongest([...right, ...left]);
        expect(backward?.status).toBe(forward?.status);
        expect(backward?.text ?? "").toBe(forward?.text ?? "");
      }),
    );
  });

  test("is nothing when none of them declared anything", () => {
    expect(strongest([{ status: undefined, text: "x" }])).toBeUndefined();
  });
});

describe("a user's presence, through whatever happens,", () => {
  test("changes its version exactly when others see a change, and upwards", () => {
    fc.assert(
      fc.property(steps, (run) => {
        let before = unknownUser;
        for (const { user } of walk(run)) {
          const sameSeen = JSON.stringify(user.shown) === JSON.stringify(before.shown);
          expect(isChange(before, user)).toBe(!sameSeen);
          expect(user.version).toBeGreaterThanOrEqual(before.version);
          before = user;
        }
      }),
    );
  });

  test("is in grace exactly while nobody asserts it and it has not ended", () => {
    fc.assert(
      fc.property(steps, (run) => {
        for (const { user } of walk(run)) {
          const asserted = user.said.size > 0;
          const inGrace = user.graceEndsMs !== undefined;
          expect(asserted && inGrace).toBe(false);
          expect(asserted || inGrace || user.shown.status === "offline").toBe(true);
        }
      }),
    );
  });

  test("does not remember a status once the grace is over", () => {
    fc.assert(
      fc.property(steps, (run) => {
        const last = walk(run).at(-1) ?? { user: unknownUser, nowMs: 0 };
        let { user } = last;
        for (const gateway of gateways) user = absent(user, gateway, { nowMs: last.nowMs, graceMs });
        const over = graceOver(user, last.nowMs + graceMs);
        const [gateway] = gateways;
        const nothing: Said = { status: undefined, text: undefined };
        const back = present(over, { gateway: gateway!, said: nothing }, { nowMs: last.nowMs, graceMs });
        expect(over.shown.status).toBe("offline");
        expect(viewOf(ada, back)).toMatchObject({ status: "online" });
      }),
    );
  });
});
