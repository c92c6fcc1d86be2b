import { catalogues, type Language } from "../../common/messages/index.ts";
import { language, speak, t } from "../../common/words.ts";
import { keep } from "../kept.ts";

const all = Object.keys(catalogues) as Language[];

/** Each language by its own name. */
function nameOf(tag: Language): string {
  const name = new Intl.DisplayNames([tag], { type: "language" }).of(tag) ?? tag;
  return name.charAt(0).toLocaleUpperCase(tag) + name.slice(1);
}

export function Languages() {
  const change = (wanted: Language) => {
    keep("language", wanted);
    void speak(wanted);
  };
  return (
    <label class="languages">
      <span class="visually-hidden">{t("servers.language")}</span>
      <select
        value={language.value}
        onChange={({ currentTarget }) => change(currentTarget.value as Language)}
      >
        {all.map((tag) => (
          <option key={tag} value={tag} lang={tag}>
            {nameOf(tag)}
          </option>
        ))}
      </select>
    </label>
  );
}
