import { render } from "preact";
import { chooseLanguage, wishedLanguages } from "../common/language.ts";
import { speak } from "../common/words.ts";
import { Page } from "./page.ts";
import { App } from "./view/App.tsx";

const wanted = new URL(location.href).searchParams.get("lang");
const page = new Page();
await Promise.all([speak(chooseLanguage(wanted, wishedLanguages())), page.account.ask()]);
document.querySelector("main")?.remove();
render(<App page={page} />, document.body);
