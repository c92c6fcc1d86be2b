import { signal } from "@preact/signals";

const shown = signal<{ text: string; id: number } | null>(null);

const shownMs = 5_000;

/** Says in a few words what has just happened, for a few seconds. The last one counts. */
export function toast(text: string): void {
  const id = (shown.peek()?.id ?? 0) + 1;
  shown.value = { text, id };
  setTimeout(() => {
    if (shown.peek()?.id === id) {
      shown.value = null;
    }
  }, shownMs);
}

/** Where they are said, to the eye and to screen readers. */
export function Toast() {
  const { value } = shown;
  return (
    <div id="toast" role="status">
      {value !== null && <p key={value.id}>{value.text}</p>}
    </div>
  );
}
