/** What this browser remembers of a person's choices. Where it may not, as in some frames, nothing is remembered. */
export function remembered(what: string): string | null {
  try {
    return localStorage.getItem(`oriel.${what}`);
  } catch {
    return null;
  }
}

export function remember(what: string, value: string): void {
  try {
    localStorage.setItem(`oriel.${what}`, value);
  } catch {
    // Then it is asked for again the next time.
  }
}
