import type { Screen } from "./screen.ts";

/** A name for a picture's file: of whom, and when, by this computer's clock. */
export function fileName(server: string, at: Date): string {
  const name = server
    .normalize("NFC")
    .replace(/[^\p{L}\p{N}._-]+/gu, "-")
    .replace(/^[-.]+|[-.]+$/g, "")
    .slice(0, 80);
  const two = (number: number) => String(number).padStart(2, "0");
  const day = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join("-");
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join("");
  return `${name || "console"}-${day}-${time}.png`;
}

/** Saves the desktop as a file. Returns its name; null where there is no picture. */
export async function savePicture(screen: Screen, server: string): Promise<string | null> {
  const picture = await screen.picture();
  if (picture === null) {
    return null;
  }
  const name = fileName(server, new Date());
  const url = URL.createObjectURL(picture);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser reads it once it has the word of whoever it asks where to.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  return name;
}

export function canCopyPictures(): boolean {
  return typeof ClipboardItem !== "undefined" && navigator.clipboard?.write !== undefined;
}

/** Puts the desktop on the clipboard. False where the browser does not let it. */
export async function copyPicture(screen: Screen): Promise<boolean> {
  const picture = screen.picture().then((blob) => blob ?? Promise.reject(new Error("no picture")));
  try {
    await navigator.clipboard.write([new ClipboardItem({ "image/png": picture })]);
    return true;
  } catch {
    return false;
  }
}
