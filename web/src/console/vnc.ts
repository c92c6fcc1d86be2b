import type { Connection, ConnectionListener } from "./connection.ts";
import { PageKeyboard } from "./keyboard/keyboard.ts";
import { MeasuredRfb } from "./measured-rfb.ts";
import { type End, endByCloseCode } from "./reasons.ts";
import type { Screen } from "./screen.ts";

/** `oriel.v1` asks the gateway to say in its close code why a session ended; `binary` is what plain proxies know. */
const subprotocols = ["binary", "oriel.v1"];

const pictureCheckMs = 50;

interface Place {
  screen: HTMLElement;
  lastPicture: HTMLCanvasElement;
  /** Whether this viewer only looks on. The gateway sees to it; this spares it what would be dropped. */
  watching: boolean;
}

/** Opens a VNC console inside `screen`. Once it has ended, `lastPicture` shows what was on the screen last. */
export function connectVnc(
  url: URL,
  { screen, lastPicture, watching }: Place,
  listener: ConnectionListener,
): Connection {
  const socket = new WebSocket(url, subprotocols);
  const carried = countBytes(socket);
  const leaving = new AbortController();
  let pictureCheck: number | undefined;
  let ended = false;

  const end = (how: End) => {
    if (ended) {
      return;
    }
    ended = true;
    clearInterval(pictureCheck);
    leaving.abort();
    // A try to come back that never had a picture leaves the last one where it is.
    if (hasPicture(canvas)) {
      copyPicture(canvas, lastPicture);
    }
    if (!gaveUp) {
      rfb.disconnect();
    }
    listener.ended(how);
  };

  // noVNC keeps the close code to itself, so listen ahead of it.
  socket.addEventListener("close", ({ code, reason }) => end(endByCloseCode(code, reason)));
  let gaveUp = false;
  const rfb = new MeasuredRfb(screen, socket);
  rfb.background = "transparent";
  rfb.scaleViewport = true;
  rfb.showDotCursor = true;
  rfb.viewOnly = watching;
  const canvas = screen.querySelector("canvas");
  if (canvas !== null) {
    prepareCanvas(canvas);
  }

  const keyboard = new PageKeyboard((keysym, code, down) => rfb.sendKey(keysym, code, down));
  rfb.meanBy((keysym) => keyboard.meaning(keysym));
  // What is held on the page's own keys is let go with all others, once the person looks elsewhere.
  const release = ({ isTrusted }: Event) => isTrusted && keyboard.release();
  window.addEventListener("blur", release, { signal: leaving.signal });

  rfb.addEventListener("connect", () => {
    listener.ready();
    // noVNC has begun to listen to the keys by now, so this hears of each after it.
    canvas?.addEventListener("keyup", ({ code }) => keyboard.struck(code), {
      signal: leaving.signal,
    });
    pictureCheck = window.setInterval(() => {
      if (hasPicture(canvas)) {
        clearInterval(pictureCheck);
        listener.pictureDrawn();
      }
    }, pictureCheckMs);
  });

  rfb.addEventListener("clipboard", ({ detail }) => listener.clipboard(detail.text));

  // Ahead of the socket's own end, this means that noVNC gave up on what it received.
  rfb.addEventListener("disconnect", () => {
    gaveUp = true;
    end({ reason: "back-end-protocol" });
  });

  return {
    focus: () => rfb.focus({ preventScroll: true }),
    putClipboard: (text) => rfb.clipboardPasteFrom(text),
    abandon: (how) => {
      if (!ended) {
        keyboard.release();
      }
      socket.close(1000);
      end(how);
    },
    screen: asScreen(rfb, keyboard, carried, watching),
  };
}

function asScreen(
  rfb: MeasuredRfb,
  keyboard: PageKeyboard,
  carried: Carried,
  watching: boolean,
): Screen {
  return {
    keyboard,
    size: rfb.size,
    resizing: rfb.resizing,
    takesPlaces: rfb.takesPlaces,
    watching,
    since: Date.now(),
    get counts() {
      return { ...carried, updates: rfb.updates, rectangles: rfb.rectangles };
    },
    setLevels: ({ quality, compression }) => {
      rfb.qualityLevel = quality;
      rfb.compressionLevel = compression;
    },
    resizeToPlace: () => {
      // Left on, noVNC would ask ten times a second while a window is being drawn larger.
      rfb.resizeSession = true;
      rfb.resizeSession = false;
    },
    takeFocusOnPress: (take) => {
      rfb.focusOnClick = take;
    },
    picture: () => new Promise((resolve) => rfb.toBlob(resolve, "image/png")),
  };
}

interface Carried {
  received: number;
  sent: number;
}

/** Counts the bytes of the messages that a socket carries from now on. */
function countBytes(socket: WebSocket): Carried {
  const carried = { received: 0, sent: 0 };
  socket.addEventListener("message", ({ data }) => {
    carried.received += data instanceof ArrayBuffer ? data.byteLength : 0;
  });
  const send = socket.send.bind(socket);
  socket.send = (data) => {
    carried.sent += typeof data === "object" && "byteLength" in data ? data.byteLength : 0;
    send(data);
  };
  return carried;
}

function prepareCanvas(canvas: HTMLCanvasElement): void {
  // Lets Tab lead from the bar to the screen.
  canvas.tabIndex = 0;
  // noVNC releases the held keys when the window loses the focus. Where it moves within the page, have it do the same:
  // the server would otherwise go on believing that, say, Ctrl is down.
  canvas.addEventListener("blur", () => window.dispatchEvent(new Event("blur")));
  // Where there may be fingers, noVNC draws the pointer on a canvas of its own, which has nothing to tell.
  document.querySelector("body > canvas")?.setAttribute("aria-hidden", "true");
}

/** The largest screen, in pixels, of which all is looked at: a larger one is drawn from its first corner on. */
const mostPixels = 4096 * 4096;

/** noVNC has no event for the first update; but its canvas is transparent until something is drawn. */
function hasPicture(canvas: HTMLCanvasElement | null): boolean {
  if (canvas === null || canvas.width === 0 || canvas.height === 0) {
    return false;
  }
  const { width, height } = canvas;
  return (
    isDrawn(canvas, 64, 64) || (width * height <= mostPixels && isDrawn(canvas, width, height))
  );
}

/** Whether anything is drawn in this much of a canvas, from its first corner on. */
function isDrawn(canvas: HTMLCanvasElement, width: number, height: number): boolean {
  const side = 8;
  const sample = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  if (sample === null) {
    return true;
  }
  sample.drawImage(canvas, 0, 0, width, height, 0, 0, side, side);
  const { data } = sample.getImageData(0, 0, side, side);
  return data.some((value, index) => index % 4 === 3 && value > 0);
}

/** The longest side of a last picture, in pixels: it is only looked at, and dimmed. */
const longestSide = 4096;

function copyPicture(from: HTMLCanvasElement | null, to: HTMLCanvasElement): void {
  const { width, height } = from ?? { width: 0, height: 0 };
  const scale = Math.min(1, longestSide / Math.max(width, height, 1));
  to.width = Math.ceil(width * scale);
  to.height = Math.ceil(height * scale);
  if (from !== null && width > 0 && height > 0) {
    to.getContext("2d")?.drawImage(from, 0, 0, to.width, to.height);
  }
}
