import type { ComponentChildren } from "preact";

interface Props {
  title: string;
  hint?: string;
  children: ComponentChildren;
}

/** What belongs together, under its name. */
export function Group({ title, hint, children }: Props) {
  return (
    <fieldset class="group">
      <legend>{title}</legend>
      {children}
      {hint !== undefined && <p class="group-hint">{hint}</p>}
    </fieldset>
  );
}
