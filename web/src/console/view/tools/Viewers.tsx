import { Icon } from "../../../common/view/Icon.tsx";
import { Menu } from "../../../common/view/Menu.tsx";
import { t, tCount } from "../../../common/words.ts";
import type { Viewer } from "../../events.ts";

const icon = (
  <Icon>
    <path d="M1 8c3.5-6 10.500-6 14 0c-3.500 6-10.500 6-14 0" />
    <circle cx="8" cy="8" r="2" />
  </Icon>
);

/** Who looks at the same server. It is in sight whenever there is somebody else. */
export function Viewers({ viewers }: { viewers: Viewer[] }) {
  if (viewers.length < 2) {
    return null;
  }
  return (
    <Menu id="viewers" label={tCount("viewers", viewers.length)} icon={icon}>
      {() => (
        <>
          <h2 class="menu-title">{t("viewers.title")}</h2>
          <ul class="people">
            {viewers.map((viewer, at) => (
              <li key={at}>
                <span>{nameOf(viewer)}</span>{" "}
                <span class="quiet-words">{t(`role.${viewer.role}`)}</span>
              </li>
            ))}
          </ul>
        </>
      )}
    </Menu>
  );
}

function nameOf({ name, own }: Viewer): string {
  const known = name ?? t("viewers.unnamed");
  return own ? t("viewers.you", { name: known }) : known;
}
