import { join } from "node:path";
import { expect, test } from "vitest";
import { describeUnless } from "../helpers/missing.ts";
import { command, complaint, lossesOf } from "./command.ts";
import { count, tally } from "./counts.ts";
import { mountDisk, whyNoDisks } from "./disks.ts";
import { contents, goOn, hours, loss, picturesGivenUp, RUN, tinyRuns } from "./tinyRun.ts";

const runs = tinyRuns();

/** In which memory disks deal out space. */
const PAGE = 4096;

describeUnless(whyNoDisks(join(runs.root, "disk")), "a disk that is full", () => {
  test("gets space, and the run goes on to the undisturbed bytes", hours, async () => {
    // Of weights that take more of the disk than the pictures.
    const train = [...runs.train(), "--hidden", "100"];
    const undisturbed = runs.place();
    expect(await command(train, { cwd: undisturbed })).toMatchObject({ code: 0 });
    const pages = [...contents(join(undisturbed, RUN)).values()]
      .map((content) => Math.ceil(content.length / PAGE))
      .reduce((sum, n) => sum + n);

    const n = count("full disks", 4, 30);
    const sizes = Array.from({ length: n }, (_, i) => 1 + Math.round((i * (pages - 2)) / Math.max(1, n - 1)));
    const lost = await lossesOf(sizes, async (size) => {
      const cwd = runs.place();
      const disk = mountDisk(cwd, `size=${size * PAGE}`);
      try {
        const struck = await command(train, { cwd });
        const wrong = complaint(struck);
        if (wrong !== undefined) return `${size} pages: ${wrong}`;
        if (![0, 1].includes(struck.code!)) return `${size} of ${pages} pages: exit ${struck.code}`;
        disk.remount("size=64m");
        const lost = loss(await goOn(train, { cwd }), cwd, undisturbed, picturesGivenUp(struck));
        return lost && `${size} of ${pages} pages: ${lost}`;
      } finally {
        disk.unmount();
      }
    });
    tally("full disks", sizes.length, lost.length);
    expect(lost).toEqual([]);
  });
});
