/** Makes the load of one task, told by its parent, and ends: the servers under test do not share its event loop. */
import { loadFanout } from "./load-fanout.ts";
import { loadSends } from "./load-sends.ts";
import type { LoadReport, LoadTask } from "./load-task.ts";

const tell = (report: LoadReport): void => {
  process.send?.(report);
};
const window = (open: boolean) => tell({ kind: open ? "windowOpens" : "windowCloses" });

process.once("message", (task: LoadTask) => {
  void (async () => {
    if (task.kind === "fanout") tell({ kind: "fanout", figures: await loadFanout(task, window) });
    else tell({ kind: "sends", figures: await loadSends(task, window) });
    process.disconnect?.();
  })();
});
