import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { readDeviations, Subject } from "../harness/conformance.js";
import { Keystone } from "../harness/keystone.js";

// Oriel's own users lack roles and scopes that a Keystone has; what consoles there are makes no difference to them.
describe("Oriel with a Keystone's users answers as a real Nova does", () => {
  let keystone;
  let subject;

  before(async () => {
    keystone = await Keystone.start();
    subject = await Subject.prepare(await keystone.forConformance());
  });

  after(async () => {
    await subject?.remove();
    await keystone?.remove();
  });

  test("profile all, with every token", async (t) => {
    const deviations = await readDeviations();
    const report = await subject.replay("all");
    t.diagnostic(report.table.split("\n").find((line) => /scored cases match/.test(line)));
    const forTokens = report.skipped.filter(([, ...why]) => /token:/.test(JSON.stringify(why)));
    assert.deepEqual(forTokens, [], "cases that were left out for want of a token");
    const unlisted = report.mismatches.filter(
      ({ name }) => !deviations.some(({ covers }) => covers(name)),
    );
    assert.deepEqual(unlisted, [], "answers that differ and are not listed as deviations");
  });
});
