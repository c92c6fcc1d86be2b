import { useEffect } from "preact/hooks";
import type { ViewState } from "./state.ts";

/** Keeps step with the browser's window: full screen, and what a keyboard on glass leaves of the page. */
export function useWindow(view: ViewState): void {
  useEffect(() => {
    const lookForFullScreen = () => {
      const full = document.fullscreenElement !== null;
      view.fullScreen.value = full;
      // Full screen is for the picture: the bar comes when called.
      view.barStays.value = !full;
      view.barCalled.value = false;
    };
    const { documentElement } = document;
    const glass = window.visualViewport;
    const lookForKeyboard = () => {
      // Someone who has magnified the page looks at a part of it; that is no reason to squeeze all of it in there.
      const height = glass !== null && glass.scale < 1.01 ? `${glass.height}px` : "";
      documentElement.style.setProperty("--visible-height", height);
    };
    document.addEventListener("fullscreenchange", lookForFullScreen);
    glass?.addEventListener("resize", lookForKeyboard);
    return () => {
      document.removeEventListener("fullscreenchange", lookForFullScreen);
      glass?.removeEventListener("resize", lookForKeyboard);
    };
  }, []);
}
