import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../../common/words.ts";
import { type AccountState, asProblem } from "../account.ts";
import type { Problem } from "../api.ts";
import type { Page } from "../page.ts";
import { About } from "./About.tsx";
import { Brand } from "./Brand.tsx";
import { Copyable } from "./Copyable.tsx";
import { Languages } from "./Languages.tsx";
import { problemWords } from "./problems.ts";

interface Props {
  page: Page;
  state: Extract<AccountState, { phase: "out" }>;
}

export function LoginView({ page, state }: Props) {
  return (
    <main id="login">
      <div class="login-card card">
        <Brand />
        {state.firstRun ? <FirstRun page={page} /> : <Form page={page} state={state} />}
      </div>
      <div class="login-side">
        <About />
        <Languages />
      </div>
    </main>
  );
}

function Form({ page, state }: Props) {
  const [user, setUser] = useState(state.user);
  const [password, setPassword] = useState("");
  const [domain, setDomain] = useState("");
  const [withDomain, setWithDomain] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const userField = useRef<HTMLInputElement>(null);
  const passwordField = useRef<HTMLInputElement>(null);
  useEffect(() => {
    (state.user === "" ? userField : passwordField).current?.focus();
  }, []);
  const logIn = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      await page.account.logIn(user, password, withDomain ? domain.trim() : "");
    } catch (error) {
      setProblem(asProblem(error));
      setPassword("");
      setBusy(false);
      passwordField.current?.focus();
    }
  };
  return (
    <form onSubmit={logIn} aria-labelledby="login-title">
      <h1 id="login-title">{t("login.title")}</h1>
      {problem === null ? <Parting state={state} /> : <Refusal problem={problem} />}
      <label>
        {t("login.user")}
        <input
          ref={userField}
          name="username"
          autocomplete="username"
          autocapitalize="none"
          spellcheck={false}
          required
          value={user}
          onInput={({ currentTarget }) => setUser(currentTarget.value)}
        />
      </label>
      <label>
        {t("login.password")}
        <input
          ref={passwordField}
          type="password"
          name="password"
          autocomplete="current-password"
          required
          value={password}
          onInput={({ currentTarget }) => setPassword(currentTarget.value)}
        />
      </label>
      {state.asksForDomain &&
        (withDomain ? (
          <label>
            {t("login.domain")}
            <input
              name="domain"
              autocapitalize="none"
              spellcheck={false}
              placeholder="Default"
              value={domain}
              onInput={({ currentTarget }) => setDomain(currentTarget.value)}
            />
          </label>
        ) : (
          <button type="button" class="plain" onClick={() => setWithDomain(true)}>
            {t("login.other-domain")}
          </button>
        ))}
      <button type="submit" class="primary" disabled={busy}>
        {t(busy ? "login.busy" : "login.submit")}
      </button>
    </form>
  );
}

function Parting({ state }: { state: Props["state"] }) {
  return state.parting === null ? null : (
    <p class="note" role="status">
      {t(`login.parting.${state.parting}`)}
    </p>
  );
}

function Refusal({ problem }: { problem: Problem }) {
  const { what, next } = problemWords(problem);
  return (
    <p class="refusal" role="alert">
      <strong>{what}</strong> {next}
    </p>
  );
}

/** Nobody can log in yet: whoever installed it is at the page. */
function FirstRun({ page }: { page: Page }) {
  return (
    <section class="first-run" aria-labelledby="login-title">
      <h1 id="login-title">{t("login.first-run.title")}</h1>
      <p>{t("login.first-run.what")}</p>
      <Copyable text="oriel bootstrap --user admin --project home --openrc openrc" />
      <p>{t("login.first-run.next")}</p>
      <button type="button" class="primary" onClick={() => void page.account.ask()}>
        {t("login.first-run.done")}
      </button>
    </section>
  );
}
