// Small helpers to make elements. Text is only ever set as text: there is no innerHTML on the page.

type Child = Node | string | null | undefined | false;
type Attributes = Record<string, string | number | boolean | null | undefined>;

/** An element with attributes (`false` and `null` leave one out) and children. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  append(element, children);
  return element;
}

/** Adds children; empty ones are left out. */
export function append(parent: Node, children: Child[]): void {
  for (const child of children) {
    if (child !== null && child !== undefined && child !== false) {
      parent.appendChild(typeof child === "string" ? document.createTextNode(child) : child);
    }
  }
}

/** The element with this id; the page's own HTML has it. */
export function byId<T extends HTMLElement>(id: string, type: new () => T): T {
  const element = document.getElementById(id);
  if (!(element instanceof type)) {
    throw new Error(`the page has no ${type.name} #${id}`);
  }
  return element;
}

/** A button with an action. */
export function button(label: string, action: (button: HTMLButtonElement) => void): HTMLButtonElement {
  const element = h("button", { type: "button" }, label);
  element.addEventListener("click", () => action(element));
  return element;
}

/** Copies text; works without the clipboard API too, which plain HTTP does not have. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = h("textarea", { "aria-hidden": "true", class: "offscreen" });
    area.value = text;
    const focused = document.activeElement;
    document.body.append(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    if (focused instanceof HTMLElement) {
      focused.focus();
    }
    return copied;
  }
}

/** A button that copies `text` and says so. `what` tells several of them apart. */
export function copyButton(text: string, what: string): HTMLButtonElement {
  const element = button("Copy", () => {
    void copy(text).then((copied) => {
      element.textContent = copied ? "Copied" : "Press Ctrl+C";
      setTimeout(() => {
        element.textContent = "Copy";
      }, 2000);
    });
  });
  element.className = "copy";
  element.setAttribute("aria-label", `Copy ${what}`);
  return element;
}

/** Offers text as a file: a blob in memory, no request. */
export function download(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = h("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/**
 * A table with a caption and a header row. The first cell of a row is its header. Columns in which
 * no row has anything are left out.
 */
export function table(caption: string, allColumns: string[], allRows: Child[][]): HTMLElement {
  const used = allColumns.map((_, column) => column === 0 || allRows.some((row) => row[column]));
  const columns = allColumns.filter((_, column) => used[column]);
  const rows = allRows.map((row) => row.filter((_, column) => used[column]));
  const head = h("thead", {}, h("tr", {}, ...columns.map((name) => h("th", { scope: "col" }, name))));
  const body = h("tbody");
  for (const row of rows) {
    const line = h("tr");
    row.forEach((cell, column) => {
      line.append(column === 0 ? h("th", { scope: "row" }, cell) : h("td", {}, cell));
    });
    body.append(line);
  }
  // The box scrolls where the table is wider than the screen, so the keyboard must reach it.
  return h(
    "div",
    { class: "table-box", tabindex: 0, role: "group", "aria-label": caption },
    h("table", {}, h("caption", {}, caption), head, body),
  );
}

/** A bulleted list; nothing for an empty one. */
export function list(items: Child[]): HTMLElement | null {
  return items.length === 0 ? null : h("ul", {}, ...items.map((item) => h("li", {}, item)));
}
