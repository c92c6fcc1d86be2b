import type { ISearchDecorationOptions } from "@xterm/addon-search";
import type { ITheme } from "@xterm/xterm";

const dark: ITheme = {
  background: "#0f1216",
  foreground: "#dfe4ea",
  cursor: "#dfe4ea",
  cursorAccent: "#0f1216",
  selectionBackground: "#2f4f7d",
  black: "#1d2127",
  red: "#f07178",
  green: "#8fce7a",
  yellow: "#e6b455",
  blue: "#79aef5",
  magenta: "#cf9bf0",
  cyan: "#67cfd8",
  white: "#c6ccd4",
  brightBlack: "#7d8794",
  brightRed: "#ff8f94",
  brightGreen: "#a9e396",
  brightYellow: "#ffd27a",
  brightBlue: "#9cc5ff",
  brightMagenta: "#e0b8ff",
  brightCyan: "#8be4ec",
  brightWhite: "#ffffff",
};

const light: ITheme = {
  background: "#fbfcfd",
  foreground: "#1a1f26",
  cursor: "#1a1f26",
  cursorAccent: "#fbfcfd",
  selectionBackground: "#b9d3f7",
  black: "#1a1f26",
  red: "#b3261e",
  green: "#1c7a3d",
  yellow: "#8a5a00",
  blue: "#2459a8",
  magenta: "#7b3fa0",
  cyan: "#00707c",
  white: "#566070",
  brightBlack: "#566070",
  brightRed: "#c9372c",
  brightGreen: "#207f45",
  brightYellow: "#8f6400",
  brightBlue: "#2b66c0",
  brightMagenta: "#8b4bb5",
  brightCyan: "#007a87",
  brightWhite: "#3b4450",
};

const prefersDark = matchMedia("(prefers-color-scheme: dark)");

export function preferredTheme(): ITheme {
  return prefersDark.matches ? dark : light;
}

/** What is found is marked, and the place where one is, more so. */
export function findColors(): ISearchDecorationOptions {
  const [match, active] = prefersDark.matches ? ["#5c4a12", "#8a5a00"] : ["#ffe9a8", "#ffc04d"];
  return {
    matchBackground: match,
    matchOverviewRuler: "#c9971c",
    activeMatchBackground: active,
    activeMatchColorOverviewRuler: "#ffb02e",
  };
}

export function watchTheme(change: (theme: ITheme) => void): void {
  prefersDark.addEventListener("change", () => change(preferredTheme()));
}
