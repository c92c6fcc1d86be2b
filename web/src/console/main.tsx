import { render } from "preact";
import { chooseLanguage } from "../common/language.ts";
import { speak } from "../common/words.ts";
import { randomPageId } from "./api.ts";
import { parseLink } from "./link.ts";
import { Tabs } from "./tabs.ts";
import { App } from "./view/App.tsx";

const page = new URL(location.href);
const link = parseLink(page);
await speak(chooseLanguage(link.language, navigator.languages));

const tabs = new Tabs({ page, token: link.token, pageId: randomPageId() });
const [own] = tabs.all.value;
render(<App tabs={tabs} />, document.body);

own?.live.access.subscribe((access) => {
  if (access !== null) {
    tabs.learn(access.type, access.consoles);
  }
});
window.addEventListener("online", () => tabs.retryIfWaiting());
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") {
    tabs.retryIfWaiting();
  }
});
own?.live.show();
