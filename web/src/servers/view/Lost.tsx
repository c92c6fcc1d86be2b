import { useEffect } from "preact/hooks";
import { t } from "../../common/words.ts";
import type { Problem } from "../api.ts";
import type { Page } from "../page.ts";
import { Brand } from "./Brand.tsx";
import { problemWords } from "./problems.ts";

const againMs = 5_000;

/** The gateway could not say who is logged in. */
export function Lost({ page, problem }: { page: Page; problem: Problem }) {
  const { what, next } = problemWords(problem);
  useEffect(() => {
    const timer = setTimeout(() => void page.account.ask(), againMs);
    return () => clearTimeout(timer);
  }, [page, problem]);
  return (
    <main class="alone">
      <Brand />
      <section class="card" role="alert">
        <h1>{what}</h1>
        <p>{next}</p>
        <button type="button" class="primary" onClick={() => void page.account.ask()}>
          {t("servers.try-again")}
        </button>
      </section>
    </main>
  );
}
