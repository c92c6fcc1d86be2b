import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { t } from "../../common/words.ts";
import type { OpeningNews } from "../opening.ts";
import type { Page } from "../page.ts";
import { problemWords } from "./problems.ts";

const shownMs = 12_000;

/** What there is to say, over the list: of a console that did not open, or of a list that is not fresh. */
export function Toast({ page }: { page: Page }) {
  const news = page.opening.news.value;
  const stale = page.inventory.problem.value;
  useEffect(() => {
    const passes = news?.what === "problem";
    const timer = passes ? setTimeout(() => page.opening.dismiss(), shownMs) : undefined;
    return () => clearTimeout(timer);
  }, [news]);
  return (
    <div class="toasts" aria-live="polite">
      {news !== null && <News page={page} news={news} />}
      {news === null && stale !== null && (
        <Card {...problemWords(stale)}>
          <button type="button" class="small" onClick={() => void page.inventory.refresh()}>
            {t("servers.try-again")}
          </button>
        </Card>
      )}
    </div>
  );
}

function News({ page, news }: { page: Page; news: OpeningNews }) {
  const close = (
    <button type="button" class="small" onClick={() => page.opening.dismiss()}>
      {t("servers.close")}
    </button>
  );
  const { name } = news.server;
  return news.what === "link" ? (
    <Card what={t("servers.blocked.what", { name })} next={t("servers.blocked.next")}>
      <a
        class="small primary"
        href={news.url}
        target="_blank"
        rel="noopener noreferrer"
        onClick={() => page.opening.dismiss()}
      >
        {t("servers.blocked.open")}
      </a>
      {close}
    </Card>
  ) : (
    <Card {...problemWords(news.problem, name)}>{close}</Card>
  );
}

function Card({
  what,
  next,
  children,
}: {
  what: string;
  next: string;
  children: ComponentChildren;
}) {
  return (
    <section class="toast">
      <p>
        <strong>{what}</strong> {next}
      </p>
      <div class="buttons">{children}</div>
    </section>
  );
}
