import { useEffect, useRef } from "preact/hooks";
import { bytes, t } from "../../common/words.ts";
import { fits, sizeOf } from "../clipboard.ts";
import type { LiveConsole } from "../live.ts";
import type { Access } from "../session.ts";
import { hint, offerTyping } from "./panels.ts";

/** How long the browser may take to say what is pasted. */
const pasteMs = 150;

/**
 * What pasting means while the keyboard belongs to the server. Ctrl+V (or Cmd+V) puts the person's clipboard into the
 * guest's and then goes to the guest as every key does. Ctrl+Shift+V offers to type the text. The text comes with the
 * browser's own paste event, for which it asks no permission.
 */
export function Paste({ live, access }: { live: LiveConsole; access: Access }) {
  const current = useRef(access);
  current.current = access;
  useEffect(() => {
    /** A stroke of V that waits for the text to be there before the guest gets it. */
    let held: { event: KeyboardEvent; timer: number } | null = null;
    let typing = false;

    const letGo = () => {
      if (held !== null) {
        const { event, timer } = held;
        held = null;
        clearTimeout(timer);
        event.target?.dispatchEvent(new KeyboardEvent("keydown", copyOf(event)));
      }
    };
    const keyDown = (event: KeyboardEvent) => {
      if (!(event.isTrusted && isOfScreen(event.target))) {
        return;
      }
      if (
        event.code !== "KeyV" ||
        event.altKey ||
        event.repeat ||
        !(event.ctrlKey || event.metaKey)
      ) {
        letGo();
        return;
      }
      if (event.shiftKey && current.current.typing !== null) {
        event.stopImmediatePropagation();
        typing = true;
        // A browser that has nothing to paste says nothing. There is something to write in all the same.
        setTimeout(() => {
          if (typing) {
            typing = false;
            offerTyping(live, "");
          }
        }, pasteMs);
      } else if (!event.shiftKey && current.current.rights.clipboardToServer) {
        event.stopImmediatePropagation();
        held = { event, timer: window.setTimeout(letGo, pasteMs) };
      } else if (!event.shiftKey && current.current.typing !== null) {
        hint.value = { text: t("hint.paste-forbidden"), action: typeInstead(live, "") };
      }
    };
    // The guest must not get the stroke after it has heard that Ctrl was let go.
    const keyUp = ({ isTrusted }: KeyboardEvent) => isTrusted && letGo();
    const paste = (event: ClipboardEvent) => {
      if (!(isOfScreen(document.activeElement) || event.target === document.body)) {
        return;
      }
      const text = event.clipboardData?.getData("text/plain") ?? "";
      event.preventDefault();
      if (held !== null) {
        if (text !== "") {
          put(text);
        }
        letGo();
      } else if (current.current.typing !== null) {
        typing = false;
        offerTyping(live, text);
      }
    };
    const put = (text: string) => {
      const most = current.current.rights.maxClipboard;
      if (!fits(text, most)) {
        hint.value = { text: tooLarge(text, most) };
        return;
      }
      live.clipboard.put(text);
      // Once something came from there, the guest is known to have a clipboard.
      if (live.clipboard.copied.value === null && current.current.typing !== null) {
        hint.value = { text: t("hint.pasted"), action: typeInstead(live, text) };
      }
    };
    window.addEventListener("keydown", keyDown, { capture: true });
    window.addEventListener("keyup", keyUp, { capture: true });
    document.addEventListener("paste", paste);
    return () => {
      window.removeEventListener("keydown", keyDown, { capture: true });
      window.removeEventListener("keyup", keyUp, { capture: true });
      document.removeEventListener("paste", paste);
    };
  }, [live]);
  return null;
}

export function tooLarge(text: string, most: number): string {
  return t("clipboard.too-large", { size: bytes(sizeOf(text)), most: bytes(most) });
}

function typeInstead(live: LiveConsole, text: string) {
  return { label: t("hint.type"), run: () => offerTyping(live, text) };
}

function isOfScreen(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest(".screen") !== null;
}

function copyOf(event: KeyboardEvent): KeyboardEventInit {
  const { key, code, location, ctrlKey, shiftKey, altKey, metaKey } = event;
  return {
    ...{ key, code, location, ctrlKey, shiftKey, altKey, metaKey },
    bubbles: true,
    cancelable: true,
  };
}
