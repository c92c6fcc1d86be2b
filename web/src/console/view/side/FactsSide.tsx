import { language, t } from "../../../common/words.ts";
import { encodingName } from "../../display/meter.ts";
import type { SideProps } from "../Side.tsx";

/** What is known of the connection, a second old at most. */
export function FactsSide({ live, screen, tuning }: SideProps) {
  const rates = tuning.rates.value;
  const { counts } = screen;
  const { width, height } = screen.size.value;
  const roundTrip = live.news.value?.roundTrip ?? null;
  const number = (value: number, digits = 0) =>
    value.toLocaleString(language.value, { maximumFractionDigits: digits });
  const facts: [string, string, string][] = [
    [
      "round-trip",
      t("facts.round-trip"),
      roundTrip === null ? t("facts.not-yet") : `${number(roundTrip, 1)} ms`,
    ],
    ["receiving", t("facts.receiving"), `${bytes(rates.received, number)}/s`],
    ["received", t("facts.received"), bytes(counts.received, number)],
    ["sent", t("facts.sent"), bytes(counts.sent, number)],
    ["updates", t("facts.updates"), number(rates.updates, 1)],
    ["desktop", t("facts.desktop"), `${width} × ${height}`],
    [
      "encoding",
      t("facts.encoding"),
      rates.encoding === null ? t("facts.not-yet") : encodingName(rates.encoding),
    ],
    [
      "keys",
      t("facts.keys"),
      t(screen.takesPlaces.value ? "facts.keys.places" : "facts.keys.meanings"),
    ],
    [
      "security",
      t("facts.security"),
      t(location.protocol === "https:" ? "facts.encrypted" : "facts.open"),
    ],
    ["protocol", t("facts.protocol"), protocol() ?? t("facts.not-told")],
    ["for", t("facts.for"), duration(Date.now() - screen.since)],
  ];
  return (
    <dl id="connection-facts">
      {facts.map(([id, name, value]) => (
        <div key={id}>
          <dt>{name}</dt>
          <dd id={`fact-${id}`}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function bytes(count: number, number: (value: number, digits?: number) => string): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let [value, unit] = [count, 0];
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${number(value, unit === 0 || value >= 100 ? 0 : 1)} ${units[unit]}`;
}

/** What the page itself came by: the console's own connection may be another, of which a page is told nothing. */
function protocol(): string | null {
  const [page] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
  const names: Record<string, string> = { "http/1.1": "HTTP/1.1", h2: "HTTP/2", h3: "HTTP/3" };
  const name = page?.nextHopProtocol ?? "";
  return name === "" ? null : (names[name] ?? name);
}

function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (value: number) => String(value).padStart(2, "0");
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}
