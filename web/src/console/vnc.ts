import RFB from "@novnc/novnc";
import type { Connection, ConnectionListener } from "./connection.ts";
import { type End, endByCloseCode } from "./reasons.ts";

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
  let rfb: RFB | null = null;
  let pictureCheck: number | undefined;
  let ended = false;

  const end = (how: End) => {
    if (ended) {
      return;
    }
    ended = true;
    clearInterval(pictureCheck);
    // A try to come back that never had a picture leaves the last one where it is.
    if (hasPicture(canvas)) {
      copyPicture(canvas, lastPicture);
    }
    rfb?.disconnect();
    listener.ended(how);
  };

  // noVNC keeps the close code to itself, so listen ahead of it.
  socket.addEventListener("close", ({ code, reason }) => end(endByCloseCode(code, reason)));
  rfb = new RFB(screen, socket);
  rfb.background = "transparent";
  rfb.scaleViewport = true;
  rfb.showDotCursor = true;
  rfb.viewOnly = watching;
  const canvas = screen.querySelector("canvas");
  if (canvas !== null) {
    prepareCanvas(canvas);
  }

  rfb.addEventListener("connect", () => {
    listener.ready();
    pictureCheck = window.setInterval(() => {
      if (hasPicture(canvas)) {
        clearInterval(pictureCheck);
        listener.pictureDrawn();
      }
    }, pictureCheckMs);
  });

  // Ahead of the socket's own end, this means that noVNC gave up on what it received.
  rfb.addEventListener("disconnect", () => {
    rfb = null;
    end({ reason: "back-end-protocol" });
  });

  return {
    focus: () => rfb?.focus({ preventScroll: true }),
    sendCtrlAltDel: () => rfb?.sendCtrlAltDel(),
    abandon: (how) => {
      socket.close(1000);
      end(how);
    },
  };
}

function prepareCanvas(canvas: HTMLCanvasElement): void {
  // Lets Tab lead from the bar to the screen.
  canvas.tabIndex = 0;
  // noVNC releases the held keys when the window loses the focus. Where it moves within the page, have it do the same:
  // the server would otherwise go on believing that, say, Ctrl is down.
  canvas.addEventListener("blur", () => window.dispatchEvent(new Event("blur")));
}

/** noVNC has no event for the first update; but its canvas is transparent until something is drawn. */
function hasPicture(canvas: HTMLCanvasElement | null): boolean {
  if (canvas === null || canvas.width === 0 || canvas.height === 0) {
    return false;
  }
  const side = 8;
  const sample = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  if (sample === null) {
    return true;
  }
  sample.drawImage(canvas, 0, 0, side, side);
  const { data } = sample.getImageData(0, 0, side, side);
  return data.some((value, index) => index % 4 === 3 && value > 0);
}

function copyPicture(from: HTMLCanvasElement | null, to: HTMLCanvasElement): void {
  to.width = from?.width ?? 0;
  to.height = from?.height ?? 0;
  if (from !== null && from.width > 0 && from.height > 0) {
    to.getContext("2d")?.drawImage(from, 0, 0);
  }
}
