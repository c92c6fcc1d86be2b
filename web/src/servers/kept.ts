/** What this browser keeps for the page. It can be switched off or full: then the page works, and forgets. */

const prefix = "oriel.";

/** `login` is the page's half of a login: worth nothing without the cookie, which no script can read. */
export type Kept = "login" | "project" | "layout" | "sort";

export function kept(name: Kept): string | null {
  try {
    return localStorage.getItem(prefix + name);
  } catch {
    return null;
  }
}

export function keep(name: Kept, value: string | null): void {
  try {
    if (value === null) {
      localStorage.removeItem(prefix + name);
    } else {
      localStorage.setItem(prefix + name, value);
    }
  } catch {
    // The page goes on with what it has in memory.
  }
}

/** Tells when another page of this browser changes what is kept. */
export function onKeptElsewhere(name: Kept, changed: (value: string | null) => void): void {
  window.addEventListener("storage", ({ key, newValue }) => {
    if (key === prefix + name) {
      changed(newValue);
    } else if (key === null) {
      changed(null);
    }
  });
}
