import { useState } from "preact/hooks";
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
  // Said once: nobody wants to hear every second.
  const [first] = useState(seconds);
  const stay = () => {
    live.stay();
    live.focus();
  };
  return (
    <section id="banner" aria-labelledby="banner-said">
      <p id="banner-text" aria-hidden="true">
        {t("banner.idle", { seconds })}
      </p>
      <p id="banner-said" class="said-only" role="alert">
        {t("banner.idle", { seconds: first })}
      </p>
      <button type="button" id="stay" class="primary" onClick={stay}>
        {t("banner.stay")}
      </button>
    </section>
  );
}
