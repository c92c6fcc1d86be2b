import { render } from "preact";
import { chooseLanguage, wishedLanguages } from "../common/language.ts";
import { speak } from "../common/words.ts";
import { randomPageId } from "./api.ts";
import { promisedType, warm } from "./clients.ts";
import { parseLink } from "./link.ts";
import { speakWithPortal } from "./portal.ts";
import { Tabs } from "./tabs.ts";
import { App } from "./view/App.tsx";
import { keptViewState } from "./view/state.ts";
import { onWake } from "./wake.ts";

const page = new URL(location.href);
const link = parseLink(page);
// What shows the console comes beside the words.
warm(promisedType(page));
await speak(chooseLanguage(link.language, wishedLanguages()));

const view = keptViewState(() => localStorage);
const tabs = new Tabs(
  { page, token: link.token, viewOnly: link.viewOnly, pageId: randomPageId() },
  view.quality,
);
const [own] = tabs.all.value;
render(<App tabs={tabs} view={view} />, document.body);

speakWithPortal(tabs);
own?.live.access.subscribe((access) => {
  if (access !== null) {
    tabs.learn(access.type, access.consoles);
  }
});
window.addEventListener("online", () => tabs.check());
window.addEventListener("offline", () => tabs.check());
onWake(() => tabs.check());
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") {
    tabs.retryIfWaiting();
  }
});
own?.live.show();
