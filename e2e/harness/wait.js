import { setTimeout as pause } from "node:timers/promises";

/** Asks again and again where nothing tells of the change by itself; returns the first true answer. */
export async function until(what, probe, seconds = 20) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await probe();
    if (answer) {
      return answer;
    }
    if (Date.now() > deadline) {
      throw new Error(`waited ${seconds} s in vain for ${what}`);
    }
    await pause(25);
  }
}

/** Fails if a promise takes longer. */
export async function within(seconds, what, promise) {
  const timer = new AbortController();
  const tooLate = pause(seconds * 1000, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`waited ${seconds} s in vain for ${what}`);
  });
  tooLate.catch(() => {});
  try {
    return await Promise.race([promise, tooLate]);
  } finally {
    timer.abort();
  }
}
