import "@xterm/xterm/css/xterm.css";
import { type ReadonlySignal, signal } from "@preact/signals";
import { FitAddon } from "@xterm/addon-fit";
import { type ISearchOptions, SearchAddon } from "@xterm/addon-search";
import { WebglAddon } from "@xterm/addon-webgl";
import { Terminal } from "@xterm/xterm";
import { language, t } from "../../common/words.ts";
import type {
  Complaint,
  Connection,
  ConnectionListener,
  Found,
  TerminalTools,
} from "../connection.ts";
import { type End, endByCloseCode } from "../reasons.ts";
import { OutputQueue, type Piece } from "./output.ts";
import { PastReader, Tail } from "./past.ts";
import { leadStyles } from "./styles.ts";
import { findColors, preferredTheme, watchTheme } from "./theme.ts";

/** `oriel.v1` asks the gateway to tell ends in close codes, and the past of the line from what is said now. */
const subprotocols = ["binary", "oriel.v1"];

/** Lines that can be scrolled back to. */
const scrollback = 10_000;
/** Pieces that the terminal may be at work on. More of them would only wait where nobody can leave them out. */
const mostInHand = 3;
/** The longest text that is pasted at once, in characters: a line takes minutes for it. */
const longestPaste = 256 * 1024;
/** Which sequence of the line's (OSC) would write to the browser's clipboard. */
const writeClipboard = 52;

const readerKey = "oriel.screen-reader";
const encoder = new TextEncoder();

/** A terminal on the page. It outlives the connections to its line, and with it what can be scrolled back to. */
export class SerialTerminal implements TerminalTools {
  readonly #terminal: Terminal;
  readonly #fit = new FitAddon();
  readonly #search = new SearchAddon();
  readonly #found = signal<Found | null>(null);
  readonly #finding = signal(false);
  readonly #readsAloud = signal(false);
  readonly #size = signal({ columns: 80, rows: 24 });
  readonly #complaint = signal<Complaint | null>(null);
  readonly #tail = new Tail();
  readonly #queue = new OutputQueue();
  #inHand = 0;
  #socket: WebSocket | null = null;
  #watching = false;
  #wasConnected = false;
  /** Whether it has to be said yet that the line was lost in between. */
  #again = false;

  constructor(place: HTMLElement) {
    leadStyles();
    this.#terminal = new Terminal({
      allowProposedApi: true,
      cursorBlink: !matchMedia("(prefers-reduced-motion: reduce)").matches,
      fontFamily:
        'ui-monospace, "Cascadia Mono", "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace',
      fontSize: 14,
      // Addresses in what a guest says lead nowhere: whoever is in the guest could have written them.
      linkHandler: { activate: () => {} },
      minimumContrastRatio: 4.5,
      screenReaderMode: remembersReader(),
      scrollback,
      theme: preferredTheme(),
    });
    this.#readsAloud.value = this.#terminal.options.screenReaderMode === true;
    this.#terminal.loadAddon(this.#fit);
    this.#terminal.loadAddon(this.#search);
    this.#terminal.open(place);
    this.#drawByWebgl();
    this.#bind(place);
  }

  get found(): ReadonlySignal<Found | null> {
    return this.#found;
  }

  get finding(): ReadonlySignal<boolean> {
    return this.#finding;
  }

  get readsAloud(): ReadonlySignal<boolean> {
    return this.#readsAloud;
  }

  get size(): ReadonlySignal<{ columns: number; rows: number }> {
    return this.#size;
  }

  get complaint(): ReadonlySignal<Complaint | null> {
    return this.#complaint;
  }

  /** Connects to the line, for the first time or again. */
  connect(url: URL, watching: boolean, listener: ConnectionListener): Connection {
    this.#watching = watching;
    this.#terminal.options.disableStdin = watching;
    const socket = new WebSocket(url, subprotocols);
    socket.binaryType = "arraybuffer";
    const past = new PastReader();
    let ended = false;
    const end = (how: End) => {
      if (!ended) {
        ended = true;
        this.#socket = null;
        this.#terminal.options.disableStdin = true;
        listener.ended(how);
      }
    };
    socket.addEventListener("open", () => {
      this.#socket = socket;
      listener.ready();
      listener.pictureDrawn();
      this.#again = this.#wasConnected;
      this.#wasConnected = true;
    });
    socket.addEventListener("message", ({ data }) => {
      if (data instanceof ArrayBuffer) {
        const parted = past.feed(new Uint8Array(data));
        if (parted.past !== null) {
          this.#showPast(parted.past);
        }
        if (parted.live !== null) {
          this.#sayAgain();
          this.#show(parted.live);
          listener.output?.();
        }
      }
    });
    socket.addEventListener("close", ({ code, reason }) => end(endByCloseCode(code, reason)));
    return {
      terminal: this,
      focus: () => this.#terminal.focus(),
      abandon: (how) => {
        socket.close(1000);
        end(how);
      },
    };
  }

  openFind(): void {
    this.#finding.value = true;
  }

  closeFind(): void {
    this.#finding.value = false;
    this.#found.value = null;
    this.#search.clearDecorations();
    this.#terminal.focus();
  }

  find(text: string, direction: "next" | "previous", typing = false): void {
    if (text === "") {
      this.#search.clearDecorations();
      this.#found.value = null;
      return;
    }
    const options: ISearchOptions = { decorations: findColors(), incremental: typing };
    const hit =
      direction === "next"
        ? this.#search.findNext(text, options)
        : this.#search.findPrevious(text, options);
    if (!hit) {
      this.#found.value = { index: 0, count: 0 };
    }
  }

  async copy(): Promise<void> {
    if (!this.#terminal.hasSelection()) {
      this.#terminal.focus();
      return;
    }
    try {
      await navigator.clipboard.writeText(this.#terminal.getSelection());
      this.#complaint.value = null;
    } catch {
      this.#complaint.value = "copy-refused";
    }
    this.#terminal.focus();
  }

  async paste(): Promise<void> {
    try {
      const text = await navigator.clipboard.readText();
      if (this.#mayPaste(text)) {
        this.#terminal.paste(text);
      }
    } catch {
      this.#complaint.value = "paste-refused";
    }
    this.#terminal.focus();
  }

  type(text: string): void {
    this.#send(encoder.encode(text));
    this.#terminal.focus();
  }

  readAloud(on: boolean): void {
    this.#readsAloud.value = on;
    this.#terminal.options.screenReaderMode = on;
    try {
      localStorage.setItem(readerKey, on ? "1" : "0");
    } catch {
      // A browser that keeps nothing asks again next time.
    }
    this.#terminal.focus();
  }

  #drawByWebgl(): void {
    try {
      const webgl = new WebglAddon();
      // The terminal goes on with elements where the graphics processor takes its context back.
      webgl.onContextLoss(() => webgl.dispose());
      this.#terminal.loadAddon(webgl);
    } catch {
      // No WebGL here: elements do.
    }
  }

  #bind(place: HTMLElement): void {
    const terminal = this.#terminal;
    terminal.onData((text) => {
      this.#complaint.value = null;
      this.#send(encoder.encode(text));
    });
    terminal.onBinary((text) => this.#send(Uint8Array.from(text, (one) => one.charCodeAt(0))));
    terminal.onResize(({ cols, rows }) => {
      this.#size.value = { columns: cols, rows };
    });
    terminal.attachCustomKeyEventHandler((event) => this.#passes(event));
    terminal.parser.registerOscHandler(writeClipboard, () => true);
    this.#search.onDidChangeResults(({ resultIndex, resultCount }) => {
      this.#found.value = { index: resultIndex + 1, count: resultCount };
    });
    place.addEventListener("paste", (event) => this.#checkPaste(event), { capture: true });
    watchTheme((theme) => {
      terminal.options.theme = theme;
    });
    new ResizeObserver(() => this.#fit.fit()).observe(place);
    this.#fit.fit();
  }

  /** Keys that are the page's, and not the guest's. Whatever is not passed on is left to the browser. */
  #passes(event: KeyboardEvent): boolean {
    const { type, ctrlKey, shiftKey, altKey, metaKey, code } = event;
    if (type !== "keydown" || !ctrlKey || !shiftKey || altKey || metaKey) {
      return true;
    }
    switch (code) {
      case "KeyC":
        event.preventDefault();
        void this.copy();
        return false;
      case "KeyF":
        event.preventDefault();
        this.openFind();
        return false;
      case "KeyV":
        // The browser pastes of its own accord, without asking for leave.
        return false;
      default:
        return true;
    }
  }

  #checkPaste(event: ClipboardEvent): void {
    if (!this.#mayPaste(event.clipboardData?.getData("text/plain") ?? "")) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  }

  #mayPaste(text: string): boolean {
    const short = text.length <= longestPaste;
    this.#complaint.value = short ? null : "paste-too-long";
    return short && !this.#watching;
  }

  #send(bytes: Uint8Array<ArrayBuffer>): void {
    if (!this.#watching && this.#socket?.readyState === WebSocket.OPEN) {
      this.#socket.send(bytes);
    }
  }

  #showPast(past: Uint8Array): void {
    const rest = this.#tail.continuedBy(past);
    if (rest !== null) {
      // Nothing is missing, and nothing is to be said.
      this.#again = false;
      this.#show(rest);
      return;
    }
    this.#sayAgain();
    this.#show(past);
    this.#queue.mark();
    this.#pump();
  }

  #show(bytes: Uint8Array): void {
    if (bytes.length > 0) {
      this.#tail.add(bytes);
      this.#queue.push(bytes);
      this.#pump();
    }
  }

  /** Draws a line under the row that was said last before somebody came. */
  #markPast(): void {
    const { cols: width, cols } = this.#terminal;
    const marker = this.#terminal.registerMarker(0);
    const line = this.#terminal.registerDecoration({ marker, width, layer: "top" });
    line?.onRender((element) => {
      element.classList.add("past-mark");
      element.dataset.label = cols >= 60 ? t("terminal.past") : "";
    });
  }

  #sayAgain(): void {
    if (this.#again) {
      this.#again = false;
      const time = new Date().toLocaleTimeString(language.value);
      this.#queue.push(note(t("terminal.again", { time })));
      this.#pump();
    }
  }

  #pump(): void {
    while (this.#inHand < mostInHand) {
      const piece = this.#queue.take();
      if (piece === null) {
        return;
      }
      this.#inHand += 1;
      this.#terminal.write(bytesOf(piece), () => {
        if (piece === "mark") {
          this.#markPast();
        }
        this.#inHand -= 1;
        this.#pump();
      });
    }
  }
}

function bytesOf(piece: Piece): Uint8Array {
  if (piece === "mark") {
    return new Uint8Array();
  }
  return "bytes" in piece
    ? piece.bytes
    : note(t("terminal.skipped", { bytes: String(piece.skipped) }));
}

/** The page's own words between those of the guest: on a line of their own, and in the other colours. */
function note(words: string): Uint8Array {
  return encoder.encode(`\r\n\x1b[0;7m[ ${words} ]\x1b[0m\r\n`);
}

function remembersReader(): boolean {
  try {
    return localStorage.getItem(readerKey) === "1";
  } catch {
    return false;
  }
}
