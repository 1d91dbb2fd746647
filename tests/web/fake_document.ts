/**
 * As much of a document as the page needs to create elements, for tests of what they contain. Import it before any module
 * that uses `document`.
 */
/// <reference lib="dom" />

class FakeText {
  constructor(readonly textContent: string) {}
}

class FakeElement {
  className = "";
  dir = "";
  dateTime = "";
  title = "";
  href = "";
  target = "";
  rel = "";
  type = "";
  open = false;
  onclick: (() => void) | undefined;
  readonly dataset: Record<string, string> = {};
  readonly attributes = new Map<string, string>();
  #nodes: (FakeElement | FakeText)[] = [];

  constructor(readonly tagName = "div") {}

  append(...nodes: (FakeElement | FakeText | string)[]): void {
    this.#nodes.push(...nodes.map((node) => typeof node === "string" ? new FakeText(node) : node));
  }

  get children(): FakeElement[] {
    return this.#nodes.filter((node) => node instanceof FakeElement);
  }

  get textContent(): string {
    return this.#nodes.map(({ textContent }) => textContent).join("");
  }

  set textContent(text: string) {
    this.#nodes = [new FakeText(text)];
  }

  readonly classList = {
    toggle: (name: string, on: boolean): void => {
      const names = new Set(this.className.split(" ").filter((each) => each !== ""));
      if (on) names.add(name);
      else names.delete(name);
      this.className = [...names].join(" ");
    },
  };

  setAttribute(name: string, value: string): void {
    this.attributes.set(name, value);
  }
}

/** The element of index.html that is read to users of screen readers. */
const status = new FakeElement("p");

Object.assign(globalThis, {
  HTMLElement: FakeElement,
  Text: FakeText,
  document: {
    getElementById: (id: string) => id === "status" ? status : null,
    createElement: (tag: string) => new FakeElement(tag),
  },
});

/** An element in the form `tag.class.class(content)`, without the time of a line. */
export function outline(element: Element | HTMLElement): string {
  const { tagName, className, children, textContent } = element;
  const inner = [...children].filter(({ tagName }) => tagName !== "time").map(outline).join(" ");
  return `${[tagName, ...className.split(" ").filter((name) => name !== "")].join(".")}(${inner || textContent})`;
}
