import { t } from "../../common/words.ts";
import type { Place } from "../api.ts";
import type { Page } from "../page.ts";
import { Copyable } from "./Copyable.tsx";

/** There is no server in the project yet: how to add one. */
export function Empty({ project }: { project: Place }) {
  const entry = `[[server]]
id = "${crypto.randomUUID?.() ?? "47e9be4e-a7b9-471f-92d9-ffc83814e07a"}"
name = "web-1"
project = "${project.id}"

[server.console.novnc]
back_end = "unix:/run/vm/web-1.vnc"`;
  return (
    <section class="empty" aria-labelledby="empty-title">
      <Screens />
      <h2 id="empty-title">{t("servers.empty.title", { project: project.name })}</h2>
      <p>{t("servers.empty.how")}</p>
      <Copyable text={entry} />
      <p class="quiet">{t("servers.empty.then")}</p>
    </section>
  );
}

export function NoneFound({ page }: { page: Page }) {
  const clear = () => {
    page.text.value = "";
    page.condition.value = null;
  };
  return (
    <section class="empty">
      <h2>{t("servers.none-found")}</h2>
      <p>{t("servers.none-found.next")}</p>
      <button type="button" class="secondary" onClick={clear}>
        {t("servers.show-all")}
      </button>
    </section>
  );
}

export function NoProject({ page, user }: { page: Page; user: string }) {
  return (
    <section class="empty">
      <Screens />
      <h2>{t("servers.no-project.title")}</h2>
      <p>{t("servers.no-project.next", { user })}</p>
      <button type="button" class="secondary" onClick={() => void page.account.ask()}>
        {t("servers.try-again")}
      </button>
    </section>
  );
}

function Screens() {
  return (
    <svg class="screens" viewBox="0 0 120 72" aria-hidden="true">
      <rect x="6" y="14" width="48" height="32" rx="4" />
      <rect x="66" y="14" width="48" height="32" rx="4" />
      <path d="M24 54h12M84 54h12M14 24h14M14 31h22M74 24h18M74 31h10" />
    </svg>
  );
}
