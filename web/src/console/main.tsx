import { createRef, render } from "preact";
import { chooseLanguage, wishedLanguages } from "../common/language.ts";
import { speak } from "../common/words.ts";
import { parseLink } from "./link.ts";
import { LiveConsole } from "./live.ts";
import { speakWithPortal } from "./portal.ts";
import { Tuning } from "./tuning.ts";
import { App } from "./view/App.tsx";
import { keptViewState } from "./view/state.ts";
import { onWake } from "./wake.ts";

const page = new URL(location.href);
const link = parseLink(page);
await speak(chooseLanguage(link.language, wishedLanguages()));

const screen = createRef<HTMLDivElement>();
const lastPicture = createRef<HTMLCanvasElement>();
const live = new LiveConsole(page, link, () => {
  if (screen.current === null || lastPicture.current === null) {
    throw new Error("the console is opened before there is a place for it on the page");
  }
  return { screen: screen.current, lastPicture: lastPicture.current };
});
const view = keptViewState(() => localStorage);
const tuning = new Tuning(live, view.quality);
render(
  <App live={live} view={view} tuning={tuning} screen={screen} lastPicture={lastPicture} />,
  document.body,
);
speakWithPortal(live);

window.addEventListener("online", () => live.check());
window.addEventListener("offline", () => live.check());
onWake(() => live.check());
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") {
    live.retryIfWaiting();
  }
});
void live.open();
