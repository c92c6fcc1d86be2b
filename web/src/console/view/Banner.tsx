import { useCountdown } from "../../common/view/countdown.ts";
import { t } from "../../common/words.ts";
import type { LiveConsole } from "../live.ts";

/** The warning, over a live screen, that it will be closed since nobody uses it. */
export function Banner({ live }: { live: LiveConsole }) {
  const end = live.news.value?.idleEnd ?? null;
  return live.state.value.phase === "connected" && end !== null ? (
    <Warning live={live} end={end} />
  ) : null;
}

function Warning({ live, end }: { live: LiveConsole; end: number }) {
  const seconds = String(useCountdown(end));
  const stay = () => {
    live.stay();
    live.focus();
  };
  return (
    <section id="banner" role="alert">
      <p id="banner-text">{t("banner.idle", { seconds })}</p>
      <button type="button" id="stay" class="primary" onClick={stay}>
        {t("banner.stay")}
      </button>
    </section>
  );
}
