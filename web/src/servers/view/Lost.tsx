import { t } from "../../common/words.ts";
import type { Problem } from "../api.ts";
import type { Page } from "../page.ts";
import { Brand } from "./Brand.tsx";
import { problemWords } from "./problems.ts";

/** The gateway could not say who is logged in. */
export function Lost({ page, problem }: { page: Page; problem: Problem }) {
  const { what, next } = problemWords(problem);
  return (
    <main class="alone">
      <Brand />
      <section class="card" role="alert">
        <p class="strong">{what}</p>
        <p>{next}</p>
        <button type="button" class="primary" onClick={() => void page.account.ask()}>
          {t("servers.try-again")}
        </button>
      </section>
    </main>
  );
}
