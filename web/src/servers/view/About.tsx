import { t } from "../../common/words.ts";
import { Copyable } from "./Copyable.tsx";

/** What Oriel is, for whoever came here without an account, and how to get a link without this page. */
export function About() {
  return (
    <section class="about" aria-labelledby="about-title">
      <h2 id="about-title">{t("landing.what")}</h2>
      <p>{t("landing.how")}</p>
      <Copyable text="openstack console url show --novnc NAME" />
      <p>{t("landing.link")}</p>
      <p>
        <a href="/licenses.md">{t("landing.licenses")}</a>
      </p>
    </section>
  );
}
