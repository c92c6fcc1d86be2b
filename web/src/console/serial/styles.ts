/**
 * xterm.js writes `<style>` elements and `style` attributes, which the page's content security policy forbids: inline
 * they could be a stranger's. Style sheets that a script constructs, and declarations that it sets one by one, are not
 * inline. So what it writes is led there: by the document that it is given, and while it opens (it asks the global one
 * for one element) by that.
 */
const styling: Document = new Proxy(document, {
  get(target, name) {
    if (name === "createElement") {
      return createElement;
    }
    const value = Reflect.get(target, name, target);
    return typeof value === "function" ? value.bind(target) : value;
  },
});

/** For the terminal's option `documentOverride`. */
export { styling as stylingDocument };

/** Runs what makes elements by the global document. */
export function openStyled(open: () => void): void {
  document.createElement = createElement;
  try {
    open();
  } finally {
    Reflect.deleteProperty(document, "createElement");
  }
}

function createElement(name: string, options?: ElementCreationOptions): HTMLElement {
  const element = Document.prototype.createElement.call(document, name, options);
  if (name === "style") {
    return constructedSheet();
  }
  if (name === "span") {
    Object.defineProperty(element, "setAttribute", { value: setAttribute });
  }
  return element;
}

function setAttribute(this: HTMLElement, name: string, value: string): void {
  if (name === "style") {
    this.style.cssText = value;
  } else {
    Element.prototype.setAttribute.call(this, name, value);
  }
}

/** Stands in the place of a `<style>`: its text is a sheet of the document until it is removed. */
function constructedSheet(): HTMLElement {
  const sheet = new CSSStyleSheet();
  const stand = Document.prototype.createElement.call(document, "template");
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
