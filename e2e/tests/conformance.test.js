import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { profiles, readDeviations, readNames, Subject } from "../harness/conformance.js";

describe("Oriel answers as a real Nova does", () => {
  let subject;
  let deviations;
  /** What was asked and what differed, over all profiles. */
  const [asked, differed] = [new Set(), new Set()];

  before(async () => {
    deviations = await readDeviations();
    subject = await Subject.prepare();
  });

  after(() => subject?.remove());

  for (const profile of Object.keys(profiles)) {
    test(`profile ${profile}`, async (t) => {
      const report = await subject.replay(profile);
      const total = report.table.split("\n").find((line) => /scored cases match/.test(line));
      t.diagnostic(`${profile}: ${total}`);
      const skipped = new Set(report.skipped.map(([name]) => name));
      for (const name of await readNames(profile)) {
        if (!skipped.has(name)) {
          asked.add(name);
        }
      }
      const unlisted = [];
      for (const mismatch of report.mismatches) {
        differed.add(mismatch.name);
        if (!deviations.some(({ covers }) => covers(mismatch.name))) {
          unlisted.push(mismatch);
        }
      }
      assert.deepEqual(unlisted, [], "answers that differ and are not listed as deviations");
    });
  }

  test("every listed deviation is one", () => {
    const untrue = deviations.flatMap(({ cases, covers }) => {
      const covered = [...asked].filter(covers);
      return Array.isArray(cases)
        ? covered.filter((name) => !differed.has(name))
        : covered.some((name) => differed.has(name))
          ? []
          : [cases];
    });
    assert.deepEqual(untrue, [], "listed as deviations, and Oriel answers as Nova does");
  });
});
