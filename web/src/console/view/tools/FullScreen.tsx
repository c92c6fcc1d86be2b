import { useEffect, useState } from "preact/hooks";
import { Icon } from "../../../common/view/Icon.tsx";
import { t } from "../../../common/words.ts";
import type { LiveConsole } from "../../live.ts";

export function FullScreen({ live }: { live: LiveConsole }) {
  const [full, setFull] = useState(document.fullscreenElement !== null);
  useEffect(() => {
    const look = () => setFull(document.fullscreenElement !== null);
    document.addEventListener("fullscreenchange", look);
    return () => document.removeEventListener("fullscreenchange", look);
  }, []);
  if (!document.fullscreenEnabled) {
    return null;
  }
  const toggle = async () => {
    const change = full ? document.exitFullscreen() : document.documentElement.requestFullscreen();
    // A browser may refuse; then nothing changes, and that is all there is to show.
    await change.catch(() => {});
    live.focus();
  };
  const label = t(full ? "toolbar.leave-full-screen" : "toolbar.full-screen");
  return (
    <button type="button" id="full-screen" class="tool" aria-label={label} onClick={toggle}>
      <Icon>
        <path d="M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4" />
      </Icon>
      <span class="label">{label}</span>
    </button>
  );
}
