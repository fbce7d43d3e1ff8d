// The list of dropped files: what each was read as, or why it was not used.

import type { Deployment, InputFile, Note } from "../contract.ts";
import { append, h, list } from "../dom.ts";
import { place, plural } from "../words.ts";

export interface Unreadable {
  name: string;
  message: string;
}

const WORD: Record<Note["severity"], string> = { error: "Error", warning: "Warning", info: "Note" };

/** One note: word, place, text, help. */
export function noteView(note: Note): HTMLElement {
  return h(
    "div",
    { class: `note ${note.severity}` },
    h("p", {},
      h("span", { class: "label" }, WORD[note.severity] ?? note.severity),
      " ",
      h("code", {}, place(note.file, note.line, note.column)),
      ` ${note.message} `,
      h("span", { class: "code" }, note.code)),
    note.help ? h("p", { class: "help" }, `Help: ${note.help}`) : null,
  );
}

export function inputsView(
  inputs: InputFile[],
  deployment: Deployment,
  unreadable: Unreadable[],
): HTMLElement {
  const notes = new Map<string, Note[]>();
  for (const note of deployment.notes) {
    const of = notes.get(note.file) ?? [];
    of.push(note);
    notes.set(note.file, of);
  }
  const items: HTMLElement[] = [];
  let used = 0;
  for (const input of inputs) {
    const own = notes.get(input.file) ?? [];
    notes.delete(input.file);
    const broken = unreadable.find((file) => file.name === input.file);
    const errors = own.filter((note) => note.severity === "error").length;
    const isUsed = input.format !== null && broken === undefined;
    used += isUsed ? 1 : 0;
    const verdict = broken
      ? h("span", { class: "verdict error" }, `could not be read by the browser: ${broken.message}`)
      : isUsed
        ? h("span", { class: errors > 0 ? "verdict error" : "verdict ok" },
            errors > 0 ? `recognized as ${input.format}, with errors` : `read as ${input.format}`)
        : h("span", { class: "verdict unused" }, "not used");
    const quiet = own.filter((note) => note.severity === "info");
    const loud = own.filter((note) => note.severity !== "info");
    items.push(
      h("div", { class: "input" },
        h("p", { class: "input-line" }, h("code", { class: "file" }, input.file), " ", verdict),
        ...loud.map(noteView),
        // Notes are the only place that says why a file was not used.
        quiet.length === 0
          ? null
          : isUsed
            ? h("details", {}, h("summary", {}, plural(quiet.length, "remark")), ...quiet.map(noteView))
            : h("div", {}, ...quiet.map(noteView))),
    );
  }
  const rest = [...notes.values()].flat();
  const section = h("section", { class: "card", "aria-labelledby": "inputs-title" },
    h("h2", { id: "inputs-title" }, `Files: ${used} of ${inputs.length} used`));
  append(section, [list(items), ...rest.map(noteView)]);
  return section;
}
