import { changeLanguage, languages } from "../../../common/language.ts";
import { languageNames, type Language as Name } from "../../../common/messages/index.ts";
import { Icon } from "../../../common/view/Icon.tsx";
import { Menu } from "../../../common/view/Menu.tsx";
import { language, t } from "../../../common/words.ts";

const icon = (
  <Icon>
    <circle cx="8" cy="8" r="6.5" />
    <path d="M1.5 8h13M8 1.5c-4.3 4.3-4.3 8.7 0 13c4.3-4.3 4.3-8.7 0-13" />
  </Icon>
);

/** What the page speaks. Each language is named by itself, so that whoever got the wrong one finds the way out. */
export function Language() {
  const choose = (name: Name, close: () => void) => {
    close();
    void changeLanguage(name);
  };
  return (
    <Menu id="language" label={t("toolbar.language")} icon={icon}>
      {(close) =>
        languages.map((name) => (
          <button
            key={name}
            type="button"
            class="menu-item"
            lang={name}
            data-language={name}
            aria-current={name === language.value}
            onClick={() => choose(name, close)}
          >
            {languageNames[name]}
          </button>
        ))
      }
    </Menu>
  );
}
