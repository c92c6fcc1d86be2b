import { createRef, render } from "preact";
import { chooseLanguage } from "../common/language.ts";
import { speak } from "../common/words.ts";
import { parseLink } from "./link.ts";
import { LiveConsole } from "./live.ts";
import { App } from "./view/App.tsx";

const page = new URL(location.href);
const link = parseLink(page);
await speak(chooseLanguage(link.language, navigator.languages));

const screen = createRef<HTMLDivElement>();
const lastPicture = createRef<HTMLCanvasElement>();
const live = new LiveConsole(page, link.token, () => {
  if (screen.current === null || lastPicture.current === null) {
    throw new Error("the console is opened before there is a place for it on the page");
  }
  return { screen: screen.current, lastPicture: lastPicture.current };
});
render(<App live={live} screen={screen} lastPicture={lastPicture} />, document.body);

window.addEventListener("online", () => live.retryIfWaiting());
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") {
    live.retryIfWaiting();
  }
});
void live.open();
