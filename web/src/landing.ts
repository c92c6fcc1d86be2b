import { chooseLanguage } from "./language.ts";
import { parseLink } from "./link.ts";
import { fillIn, loadMessages } from "./messages/index.ts";

const { language: wish } = parseLink(new URL(location.href));
const language = chooseLanguage(wish, navigator.languages);
document.documentElement.lang = language;
fillIn(document, await loadMessages(language));
