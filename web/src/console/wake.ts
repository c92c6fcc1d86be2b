const beatMs = 2_000;

/** A page in the background hears its timers once a minute. What is longer than that is sleep. */
const sleepMs = 75_000;

/** Tells when the computer has slept: its clock then jumps between two beats. */
export function onWake(awake: () => void): void {
  let last = Date.now();
  setInterval(() => {
    const now = Date.now();
    const slept = now - last > sleepMs;
    last = now;
    if (slept) {
      awake();
    }
  }, beatMs);
}
