import { useSignalEffect } from "@preact/signals";
import { t } from "../../common/words.ts";
import type { Page } from "../page.ts";
import { LoginView } from "./LoginView.tsx";
import { Lost } from "./Lost.tsx";
import { ServersView } from "./ServersView.tsx";

/** The page at `/`: a login, or the servers of who is logged in. */
export function App({ page }: { page: Page }) {
  useSignalEffect(() => {
    document.title = page.account.state.value.phase === "in" ? `${t("servers")} — Oriel` : "Oriel";
    document.documentElement.dataset.page = page.account.state.value.phase;
  });
  const state = page.account.state.value;
  switch (state.phase) {
    case "asking":
      return null;
    case "lost":
      return <Lost page={page} problem={state.problem} />;
    case "out":
      return <LoginView page={page} state={state} />;
    case "in":
      return <ServersView page={page} login={state.login} />;
  }
}
