import type { Client } from "./connection.ts";
import type { ConsoleType } from "./session.ts";

/** Where a console draws, and where it leaves its last picture. */
export interface Place {
  screen: HTMLElement;
  lastPicture: HTMLCanvasElement;
}

/** Consoles that this page shows. */
export function canShow(type: ConsoleType): boolean {
  return type === "novnc" || type === "serial";
}

/** What a link's file name says that its console will be. The gateway has the last word. */
export function promisedType(page: URL): ConsoleType {
  return page.pathname.endsWith("/serial.html") ? "serial" : "novnc";
}

const clients = {
  novnc: () => import("./vnc.ts"),
  serial: () => import("./serial/terminal.ts"),
};

/** Begins to load what shows a console of this kind. */
export function warm(type: ConsoleType): void {
  if (type !== "spice-html5") {
    // Whether it comes is seen when it is needed.
    clients[type]().catch(() => {});
  }
}

/**
 * Loads what shows a console of this kind: most of the page's weight, so it comes on demand. Null where it cannot be
 * had: the network is gone, or the gateway has newer files than this page.
 */
export async function loadClient(type: ConsoleType, place: Place): Promise<Client | null> {
  try {
    if (type === "serial") {
      const { SerialTerminal } = await clients.serial();
      return new SerialTerminal(place.screen);
    }
    const { connectVnc } = await clients.novnc();
    return {
      connect: (url, watching, listener) => connectVnc(url, { ...place, watching }, listener),
    };
  } catch {
    return null;
  }
}
