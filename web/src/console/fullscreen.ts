/** What catches the shortcuts of the browser and its system in full screen (Keyboard Lock, Chromium has it). */
interface LockableKeyboard {
  lock(): Promise<void>;
  unlock(): void;
}

function lockable(): LockableKeyboard | null {
  const { keyboard } = navigator as Navigator & { keyboard?: Partial<LockableKeyboard> };
  return typeof keyboard?.lock === "function" ? (keyboard as LockableKeyboard) : null;
}

/** Whether this browser hands its own shortcuts to a page in full screen. A page in a frame gets none. */
export function catchesShortcuts(): boolean {
  return lockable() !== null && window.top === window;
}

/** Goes to full screen, and has the browser hand over its shortcuts. False where it refuses full screen. */
export async function enterFullScreen(): Promise<boolean> {
  try {
    await document.documentElement.requestFullscreen({ navigationUI: "hide" });
  } catch {
    return false;
  }
  // Where it is refused, the keys stay the browser's: the panel of keys says which.
  await lockable()
    ?.lock()
    .catch(() => {});
  return true;
}

export async function leaveFullScreen(): Promise<void> {
  lockable()?.unlock();
  await document.exitFullscreen().catch(() => {});
}
