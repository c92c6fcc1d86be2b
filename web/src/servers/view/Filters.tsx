import { t } from "../../common/words.ts";
import type { Server } from "../api.ts";
import { type Condition, conditions } from "../condition.ts";
import type { Page } from "../page.ts";
import { count, type Sort } from "../search.ts";

interface Props {
  page: Page;
  servers: Server[];
  found: number;
}

/** How many servers there are of each condition, which can be looked at alone; and how the list is shown. */
export function Filters({ page, servers, found }: Props) {
  const counts = count(servers);
  const shown = conditions.filter(
    (condition) => counts[condition] > 0 || page.condition.value === condition,
  );
  return (
    <div class="filters">
      {shown.length < 2 ? (
        <p class="how-many" role="status">
          {t("servers.found", { count: String(found) })}
        </p>
      ) : (
        <>
          <fieldset class="chips" aria-label={t("servers.filter")}>
            <Chip page={page} condition={null} count={servers.length} />
            {shown.map((condition) => (
              <Chip key={condition} page={page} condition={condition} count={counts[condition]} />
            ))}
          </fieldset>
          <p class="visually-hidden" role="status">
            {t("servers.found", { count: String(found) })}
          </p>
        </>
      )}
      <div class="look">
        <label>
          <span class="visually-hidden">{t("servers.sort")}</span>
          <select
            value={page.sort.value}
            onChange={({ currentTarget }) => page.order(currentTarget.value as Sort)}
          >
            <option value="name">{t("servers.sort.name")}</option>
            <option value="state">{t("servers.sort.state")}</option>
          </select>
        </label>
        <fieldset class="switch" aria-label={t("servers.layout")}>
          <LayoutButton
            page={page}
            layout="tiles"
            d="M2.5 2.5h4.5v4.5h-4.5zM9 2.5h4.5v4.5h-4.5zM2.5 9h4.5v4.5h-4.5zM9 9h4.5v4.5h-4.5z"
          />
          <LayoutButton page={page} layout="rows" d="M2.5 4h11M2.5 8h11M2.5 12h11" />
        </fieldset>
      </div>
    </div>
  );
}

interface ChipProps {
  page: Page;
  /** Null: all. */
  condition: Condition | null;
  count: number;
}

function Chip({ page, condition, count }: ChipProps) {
  const pressed = page.condition.value === condition;
  const choose = () => {
    page.condition.value = pressed ? null : condition;
    page.scrolled = 0;
    window.scrollTo({ top: 0 });
  };
  return (
    <button
      type="button"
      class="chip"
      data-condition={condition}
      aria-pressed={pressed}
      onClick={choose}
    >
      {condition !== null && <span class="dot" aria-hidden="true" />}
      {condition === null ? t("servers.all") : t(`servers.condition.${condition}`)}
      <span class="count">{count}</span>
    </button>
  );
}

function LayoutButton({ page, layout, d }: { page: Page; layout: "tiles" | "rows"; d: string }) {
  const label = t(`servers.layout.${layout}`);
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      aria-pressed={page.layout.value === layout}
      onClick={() => page.choose(layout)}
    >
      <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
        <path d={d} />
      </svg>
    </button>
  );
}
