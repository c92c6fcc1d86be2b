/**
 * `<oriel-console>`: a console in a page of another site. This file is served as `/oriel-console.js`, works as a module
 * and as a plain script, and uses nothing of the page's other files. See docs/embedding.md.
 *
 * The element puts the console's page into a frame and speaks with it by `postMessage`, each side to the other's origin
 * alone. It never reads the token out of the link, and never gets it from the frame.
 */

/** What a portal's page may tell the frame. */
type Order =
  | { type: "oriel:hello" }
  | { type: "oriel:focus" }
  | { type: "oriel:disconnect" }
  | { type: "oriel:keys"; keys: string[] };

const define = (): void => {
  /**
   * What a frame of another site may do only if it is let. There is no `sandbox`: the console needs its own origin and
   * its scripts, with which a sandbox guards nothing, and this very file comes from where the frame does.
   */
  const permissions = ["fullscreen", "clipboard-read", "clipboard-write"];
  const patienceMs = 500;
  const maxGreetings = 40;
  const untitled = "Console";

  class OrielConsole extends HTMLElement {
    static readonly observedAttributes = ["src", "lang", "view-only", "title"];

    readonly #frame = document.createElement("iframe");
    /** Where the frame's page is from; null: there is none. */
    #origin: string | null = null;
    #state = "idle";
    #greeting: number | undefined;
    #greetings = 0;
    #change: number | undefined;
    readonly #listen = (event: MessageEvent) => this.#hear(event);

    constructor() {
      super();
      const root = this.attachShadow({ mode: "open", delegatesFocus: true });
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(
        ":host{display:block;width:100%;height:30rem;background:#0c0e11}" +
          ":host([hidden]){display:none}iframe{display:block;width:100%;height:100%;border:0}",
      );
      root.adoptedStyleSheets = [sheet];
      this.#frame.allow = permissions.join("; ");
      this.#frame.referrerPolicy = "no-referrer";
      // The frame is there before its page is, and its page before it listens.
      this.#frame.addEventListener("load", () => {
        this.#greetings = 0;
        this.#greet();
      });
      root.append(this.#frame);
    }

    connectedCallback(): void {
      window.addEventListener("message", this.#listen);
      this.#show();
    }

    disconnectedCallback(): void {
      window.removeEventListener("message", this.#listen);
      clearTimeout(this.#change);
      this.#leave();
    }

    attributeChangedCallback(name: string): void {
      if (name === "title") {
        this.#frame.title = this.title || untitled;
        return;
      }
      // Several attributes that change at once load the frame once: a link opens once.
      clearTimeout(this.#change);
      if (this.isConnected) {
        this.#change = window.setTimeout(() => this.#show());
      }
    }

    /** The link to the console. */
    get src(): string {
      return this.getAttribute("src") ?? "";
    }

    set src(link: string) {
      this.setAttribute("src", link);
    }

    /** Whether keys and clicks stay here. It is a comfort and no guard: a role decides what a viewer may do. */
    get viewOnly(): boolean {
      return this.hasAttribute("view-only");
    }

    set viewOnly(viewOnly: boolean) {
      this.toggleAttribute("view-only", viewOnly);
    }

    /** `idle`, `connecting`, `connected`, `resuming` or `ended`. */
    get state(): string {
      return this.#state;
    }

    /** Lets the keyboard go to the server. */
    override focus(options?: FocusOptions): void {
      this.#frame.focus(options);
      this.#tell({ type: "oriel:focus" });
    }

    /** Ends the console. The link does not open it again; this browser may, until its time is over. */
    disconnect(): void {
      this.#tell({ type: "oriel:disconnect" });
    }

    /** Strikes a key with modifiers held, by their places (`KeyboardEvent.code`): `["ControlLeft", "KeyC"]`. */
    sendKeys(keys: readonly string[]): void {
      this.#tell({ type: "oriel:keys", keys: [...keys] });
    }

    #show(): void {
      const link = this.#link();
      if (link === null) {
        this.#leave();
        return;
      }
      if (this.#frame.src !== link.href) {
        this.#state = "connecting";
        this.#origin = link.origin;
        this.#frame.title = this.title || untitled;
        this.#frame.src = link.href;
      }
    }

    #leave(): void {
      clearTimeout(this.#greeting);
      this.#frame.removeAttribute("src");
      this.#origin = null;
      this.#state = "idle";
    }

    /** The link with what the attributes add to it. Null: it is none. */
    #link(): URL | null {
      let link: URL;
      try {
        link = new URL(this.src, document.baseURI);
      } catch {
        return null;
      }
      // A frame that runs a script of whoever wrote the attribute would be the portal's own.
      if (this.src === "" || !/^https?:$/.test(link.protocol)) {
        return null;
      }
      if (this.lang !== "") {
        link.searchParams.set("lang", this.lang);
      }
      if (this.viewOnly) {
        link.searchParams.set("view_only", "1");
      }
      return link;
    }

    #greet(): void {
      clearTimeout(this.#greeting);
      this.#tell({ type: "oriel:hello" });
      // A page that listens answers at once; one that says that it cannot be shown never does.
      this.#greetings += 1;
      if (this.#greetings < maxGreetings) {
        this.#greeting = window.setTimeout(() => this.#greet(), patienceMs);
      }
    }

    #tell(order: Order): void {
      if (this.#origin !== null) {
        this.#frame.contentWindow?.postMessage(order, this.#origin);
      }
    }

    #hear({ source, origin, data }: MessageEvent): void {
      if (source !== this.#frame.contentWindow || origin !== this.#origin) {
        return;
      }
      if (typeof data !== "object" || data === null) {
        return;
      }
      const { type, ...detail } = data;
      if (type === "oriel:state" || type === "oriel:ended") {
        clearTimeout(this.#greeting);
        if (type === "oriel:state") {
          this.#state = String(detail.state);
        }
        this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
      }
    }
  }

  customElements.define("oriel-console", OrielConsole);
};

if (customElements.get("oriel-console") === undefined) {
  define();
}
