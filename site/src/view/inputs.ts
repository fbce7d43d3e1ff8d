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
  const format = (file: string): string => formats.get(file) ?? "not readable";
  const isRefusal = (note: Note): boolean => NOT_USED.has(note.code);
  const used = [...notes].filter(([, own]) => !own.some(isRefusal));
  const unused = [...notes].filter(([, own]) => own.some(isRefusal));
  const section = h("section", { class: "card", "aria-labelledby": "inputs-title" },
    h("h2", { id: "inputs-title" }, `Files: ${used.length} of ${notes.size} used`));
  append(section, [
    list(used.map(([file, own]) => usedView(file, format(file), own))),
    unused.length > 0 ? unusedView(unused, format) : null,
  ]);
  return section;
}

/** A file that was read; what is wrong in it stays visible, remarks are folded. */
function usedView(file: string, format: string, notes: Note[]): HTMLElement {
  const worst = ["error", "warning"].find((word) => notes.some((note) => note.severity === word));
  const looks = { error: "verdict error", warning: "verdict unused" }[worst ?? ""] ?? "verdict ok";
  const quiet = notes.filter((note) => note.severity === "info");
  const loud = notes.filter((note) => note.severity !== "info");
  return h("div", { class: "input" },
    h("p", { class: "input-line" },
      h("code", { class: "file" }, file),
      " ",
      h("span", { class: looks }, `read as ${format}${worst ? `, with ${worst}s` : ""}`)),
    ...loud.map(noteView),
    quiet.length > 0
      ? h("details", {}, h("summary", {}, plural(quiet.length, "remark")), ...quiet.map(noteView))
      : null);
}

/**
 * The files of which nothing was used. Folders hold many files that are no exports: from a dozen on
 * they are folded, and an advice that several share is given once.
 */
function unusedView(files: [string, Note[]][], format: (file: string) => string): HTMLElement {
  const advice = new Map<string, number>();
  for (const { help } of files.flatMap(([, notes]) => notes)) {
    if (help) {
      advice.set(help, (advice.get(help) ?? 0) + 1);
    }
  }
  const isShared = (help: string | null): boolean => (advice.get(help ?? "") ?? 0) > 1;
  const shared = [...advice.keys()].filter(isShared);
  const items = files.map(([file, notes]) =>
    h("div", { class: "input" },
      h("p", { class: "input-line" },
        h("code", { class: "file" }, file),
        " ",
        h("span", { class: "verdict unused" }, `not used: ${format(file)}`)),
      ...notes.map((note) => noteView(isShared(note.help) ? { ...note, help: null } : note))));
  return h("details", { class: "scenario", open: files.length < 12 },
    h("summary", {}, h("span", { class: "finding-title" }, `${plural(files.length, "file")} not used`)),
    ...shared.map((help) => h("p", { class: "help" }, help)),
    list(items));
}
