// The list of dropped files: what each was read as, or why it was not used.

import type { Deployment, InputFile, Note } from "../contract.ts";
import { append, h, list } from "../dom.ts";
import { place, plural } from "../words.ts";

/** Notes that mean: nothing of the file was used. */
const NOT_USED = new Set(["IMP001", "IMP002", "IMP003", "IMP006", "IMP009", "IMP015", "IMP033"]);

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

export function inputsView(inputs: InputFile[], deployment: Deployment): HTMLElement {
  const notes = new Map<string, Note[]>();
  for (const { file } of inputs) {
    notes.set(file, []);
  }
  for (const note of deployment.notes) {
    // A file that could not be read to its end has notes, but is no input.
    notes.set(note.file, [...(notes.get(note.file) ?? []), note]);
  }
  const formats = new Map(inputs.map(({ file, format }) => [file, format]));
  let used = 0;
  const items = [...notes].map(([file, own]) => {
    const refusal = own.find((note) => NOT_USED.has(note.code));
    const errors = own.some((note) => note.severity === "error");
    used += refusal ? 0 : 1;
    const format = formats.get(file) ?? "not readable";
    const verdict = refusal
      ? h("span", { class: "verdict unused" }, `not used: ${format}`)
      : h("span", { class: errors ? "verdict error" : "verdict ok" },
          `read as ${format}${errors ? ", with errors" : ""}`);
    // What is wrong stays visible; remarks on a file that was read are folded.
    const quiet = own.filter((note) => !refusal && note.severity === "info");
    const loud = own.filter((note) => !quiet.includes(note));
    return h("div", { class: "input" },
      h("p", { class: "input-line" }, h("code", { class: "file" }, file), " ", verdict),
      ...loud.map(noteView),
      quiet.length > 0
        ? h("details", {}, h("summary", {}, plural(quiet.length, "remark")), ...quiet.map(noteView))
        : null);
  });
  const section = h("section", { class: "card", "aria-labelledby": "inputs-title" },
    h("h2", { id: "inputs-title" }, `Files: ${used} of ${notes.size} used`));
  append(section, [list(items)]);
  return section;
}
