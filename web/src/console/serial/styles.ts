/**
 * xterm.js writes `<style>` elements, and `style` attributes of spans, by the global document. The page's content
 * security policy forbids both: written inline they could be a stranger's. Style sheets that a script constructs, and
 * declarations that it sets on an element's `style`, are not inline. So what it writes is led there.
 */
let led = false;

/** To be called before the first terminal is made. */
export function leadStyles(): void {
  if (led) {
    return;
  }
  led = true;
  document.createElement = createElement as typeof document.createElement;
  HTMLSpanElement.prototype.setAttribute = setAttribute;
}

function createElement(name: string, options?: ElementCreationOptions): HTMLElement {
  return name === "style"
    ? constructedSheet()
    : Document.prototype.createElement.call(document, name, options);
}

function setAttribute(this: HTMLSpanElement, name: string, value: string): void {
  if (name === "style") {
    this.style.cssText = value;
  } else {
    Element.prototype.setAttribute.call(this, name, value);
  }
}

/** Stands in the place of a `<style>`: its text is a sheet of the document until it is removed. */
function constructedSheet(): HTMLElement {
  const sheet = new CSSStyleSheet();
  const stand = document.createElement("template");
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  Object.defineProperties(stand, {
    textContent: { set: (text: string) => sheet.replaceSync(text) },
    remove: {
      value: () => {
        document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== sheet);
        Element.prototype.remove.call(stand);
      },
    },
  });
  return stand;
}
