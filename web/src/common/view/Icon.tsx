import type { ComponentChildren } from "preact";

/** A picture of lines, 16 by 16, in the colour of the text beside it. */
export function Icon({ children }: { children: ComponentChildren }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      {children}
    </svg>
  );
}
