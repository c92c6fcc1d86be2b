import { effect } from "@preact/signals";
import { chooseLanguage, wishedLanguages } from "../common/language.ts";
import type { MessageKey } from "../common/messages/index.ts";
import { speak, t } from "../common/words.ts";

await speak(chooseLanguage(new URL(location.href).searchParams.get("lang"), wishedLanguages()));
effect(() => {
  for (const element of document.querySelectorAll<HTMLElement>("[data-message]")) {
    element.textContent = t(element.dataset.message as MessageKey);
  }
});
