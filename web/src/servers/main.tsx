import { render } from "preact";
import { chooseLanguage } from "../common/language.ts";
import { speak } from "../common/words.ts";
import { kept } from "./kept.ts";
import { Page } from "./page.ts";
import { App } from "./view/App.tsx";

const wanted = new URL(location.href).searchParams.get("lang") ?? kept("language");
const page = new Page();
await Promise.all([speak(chooseLanguage(wanted, navigator.languages)), page.account.ask()]);
document.querySelector("main")?.remove();
render(<App page={page} />, document.body);
