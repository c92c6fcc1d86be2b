import type { RefObject } from "preact";
import iconUrl from "../../common/icon.svg";
import { Icon } from "../../common/view/Icon.tsx";
import { Menu } from "../../common/view/Menu.tsx";
import { t } from "../../common/words.ts";
import type { Login, Place } from "../api.ts";
import type { Page } from "../page.ts";
import { Languages } from "./Languages.tsx";

interface Props {
  page: Page;
  login: Login;
  search: RefObject<HTMLInputElement | null>;
  /** Leads the keyboard from the search to the list. */
  onLeave: () => void;
}

export function TopBar({ page, login, search, onLeave }: Props) {
  return (
    <header class="top">
      <div class="where">
        <a class="home" href="/" aria-label={t("servers.home")}>
          <img src={iconUrl} alt="" width={24} height={24} />
          <span class="home-name">Oriel</span>
        </a>
        <Projects page={page} login={login} />
      </div>
      <SearchField page={page} field={search} onLeave={onLeave} />
      <Menu
        id="person"
        label={login.user.name}
        icon={
          <Icon>
            <circle cx="8" cy="5.25" r="2.75" />
            <path d="M2.75 13.75c.6-2.9 2.6-4.25 5.25-4.25s4.65 1.35 5.25 4.25" />
          </Icon>
        }
      >
        {(close) => (
          <>
            <p class="who">
              <span class="strong">{login.user.name}</span>
              <span class="quiet">{login.user.domain}</span>
            </p>
            <Languages />
            <button
              type="button"
              id="log-out"
              class="menu-item"
              onClick={() => {
                close();
                void page.account.logOut();
              }}
            >
              {t("servers.log-out")}
            </button>
          </>
        )}
      </Menu>
    </header>
  );
}

const everywhere = "*";

function Projects({ page, login }: { page: Page; login: Login }) {
  const { project, projects, admin } = login;
  if (project === null) {
    return null;
  }
  if (projects.length < 2 && !admin) {
    return (
      <p class="project" title={t("servers.project")}>
        {project.name}
      </p>
    );
  }
  const go = (id: string) => {
    page.scrolled = 0;
    if (id === everywhere) {
      page.inventory.begin(true);
    } else if (id === project.id) {
      page.inventory.begin(false);
    } else {
      // What is shown of this project is not of the other, and the other's list begins once it is entered.
      page.inventory.stop();
      page.account.enter(id).catch(() => {
        // The project is gone for this person since the list was made.
        void page.account.ask();
      });
    }
  };
  const inDomains = new Set(projects.map(({ domain }) => domain)).size > 1;
  const name = (place: Place) => (inDomains ? `${place.name} (${place.domain})` : place.name);
  return (
    <label class="project">
      <span class="visually-hidden">{t("servers.project")}</span>
      <select
        value={page.inventory.allProjects.value ? everywhere : project.id}
        onChange={({ currentTarget }) => go(currentTarget.value)}
      >
        {projects.map((place) => (
          <option key={place.id} value={place.id}>
            {name(place)}
          </option>
        ))}
        {admin && <option value={everywhere}>{t("servers.all-projects")}</option>}
      </select>
    </label>
  );
}

function SearchField({
  page,
  field,
  onLeave,
}: {
  page: Page;
  field: RefObject<HTMLInputElement | null>;
  onLeave: () => void;
}) {
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      if (page.text.value === "") {
        field.current?.blur();
      }
      page.text.value = "";
      event.preventDefault();
    } else if (event.key === "ArrowDown" || event.key === "Enter") {
      event.preventDefault();
      onLeave();
    }
  };
  return (
    <search class="search">
      <Icon>
        <circle cx="7" cy="7" r="4.25" />
        <path d="m10.25 10.25 3.5 3.5" />
      </Icon>
      <input
        ref={field}
        id="search"
        type="search"
        aria-label={t("servers.search")}
        placeholder={t("servers.search-short")}
        autocomplete="off"
        spellcheck={false}
        enterkeyhint="search"
        value={page.text.value}
        onInput={({ currentTarget }) => {
          page.text.value = currentTarget.value;
          page.scrolled = 0;
          window.scrollTo({ top: 0 });
        }}
        onKeyDown={onKeyDown}
      />
      <span class="key" aria-hidden="true">
        /
      </span>
    </search>
  );
}
