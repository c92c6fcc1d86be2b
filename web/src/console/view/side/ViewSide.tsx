import { toast } from "../../../common/view/Toast.tsx";
import { t } from "../../../common/words.ts";
import { type Quality, qualities } from "../../display/quality.ts";
import { scaleOf, stepFrom } from "../../display/zoom.ts";
import { canCopyPictures, copyPicture, savePicture } from "../../screenshot.ts";
import type { SideProps } from "../Side.tsx";
import { Group } from "./Group.tsx";

/** How the screen is shown, and what it is asked for. */
export function ViewSide(props: SideProps) {
  return (
    <>
      <SizeChoice {...props} />
      <QualityChoice {...props} />
      <Picture {...props} />
    </>
  );
}

function SizeChoice({ screen, view }: SideProps) {
  const zoom = view.zoom.value;
  const size = screen.size.value;
  const matching = view.matching.value;
  const stage = document.querySelector<HTMLElement>('.surface[data-shown="true"] .pan');
  const place = { width: stage?.offsetWidth ?? 1, height: stage?.offsetHeight ?? 1 };
  const scale = scaleOf(zoom, size, place, devicePixelRatio);
  const step = (direction: 1 | -1) => {
    view.matching.value = false;
    view.zoom.value = stepFrom(scale, direction);
  };
  const choices = [
    { id: "fit", on: zoom === "fit" && !matching, zoom: "fit", matching: false },
    { id: "actual", on: zoom === 1, zoom: 1, matching: false },
    ...(screen.watching
      ? []
      : [{ id: "match", on: zoom === "fit" && matching, zoom: "fit", matching: true } as const]),
  ] as const;
  return (
    <Group title={t("view.size")}>
      {choices.map((choice) => (
        <label key={choice.id} class="option">
          <input
            type="radio"
            name="size"
            id={`size-${choice.id}`}
            checked={choice.on}
            disabled={choice.id === "match" && screen.resizing.value === "unknown"}
            onChange={() => {
              view.zoom.value = choice.zoom;
              view.matching.value = choice.matching;
            }}
          />
          <span>{t(`view.${choice.id}`)}</span>
        </label>
      ))}
      {!screen.watching && screen.resizing.value !== "possible" && (
        <p class="group-hint" id="match-hint">
          {t(screen.resizing.value === "unknown" ? "view.match.unknown" : "view.match.refused")}
        </p>
      )}
      <div class="row zoom">
        <button
          type="button"
          id="zoom-out"
          class="key"
          aria-label={t("view.smaller")}
          onClick={() => step(-1)}
        >
          −
        </button>
        <output id="zoom" aria-label={t("view.zoom")}>{`${Math.round(scale * 100)} %`}</output>
        <button
          type="button"
          id="zoom-in"
          class="key"
          aria-label={t("view.larger")}
          onClick={() => step(1)}
        >
          +
        </button>
      </div>
      <label class="option">
        <input
          type="checkbox"
          id="hand-mode"
          checked={view.hand.value}
          onChange={({ currentTarget }) => {
            view.hand.value = currentTarget.checked;
          }}
        />
        <span>{t("view.hand")}</span>
      </label>
      <p class="group-hint">{t("view.hand.hint")}</p>
    </Group>
  );
}

function QualityChoice({ view, tuning }: SideProps) {
  const words = (quality: Quality) =>
    quality === "auto"
      ? t("quality.auto", { now: t(`quality.${tuning.suiting.value}`) })
      : t(`quality.${quality}`);
  return (
    <Group title={t("quality")} hint={t("quality.hint")}>
      {qualities.map((quality) => (
        <label key={quality} class="option">
          <input
            type="radio"
            name="quality"
            id={`quality-${quality}`}
            checked={view.quality.value === quality}
            onChange={() => {
              view.quality.value = quality;
            }}
          />
          <span>{words(quality)}</span>
        </label>
      ))}
    </Group>
  );
}

function Picture({ live, screen, back }: SideProps) {
  const save = async () => {
    back();
    const name = await savePicture(screen, live.state.value.server?.name ?? "");
    toast(name === null ? t("picture.none") : t("picture.saved", { name }));
  };
  const copy = async () => {
    toast(t((await copyPicture(screen)) ? "picture.copied" : "picture.not-copied"));
    back();
  };
  return (
    <Group title={t("picture")}>
      <div class="row">
        <button type="button" id="save-picture" class="key" onClick={save}>
          {t("picture.save")}
        </button>
        <button
          type="button"
          id="copy-picture"
          class="key"
          disabled={!canCopyPictures()}
          onClick={copy}
        >
          {t("picture.copy")}
        </button>
      </div>
      {!canCopyPictures() && <p class="group-hint">{t("picture.cannot-copy")}</p>}
    </Group>
  );
}
