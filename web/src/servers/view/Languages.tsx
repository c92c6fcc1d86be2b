import { changeLanguage, languages } from "../../common/language.ts";
import { type Language, languageNames } from "../../common/messages/index.ts";
import { language, t } from "../../common/words.ts";

export function Languages() {
  return (
    <label class="languages">
      <span class="visually-hidden">{t("servers.language")}</span>
      <select
        value={language.value}
        onChange={({ currentTarget }) => changeLanguage(currentTarget.value as Language)}
      >
        {languages.map((tag) => (
          <option key={tag} value={tag} lang={tag}>
            {languageNames[tag]}
          </option>
        ))}
      </select>
    </label>
  );
}
