// The page: collects files, hands them to the worker, shows the answer.

import type { Envelope } from "./contract.ts";
import { append, button, byId, download, h } from "./dom.ts";
import { FILES_MAX, fromDrop, fromInput, merge } from "./files.ts";
import type { NamedFile, Reply, Request } from "./protocol.ts";
import { findingsView } from "./view/findings.ts";
import { conflictsView, graphView } from "./view/graph.ts";
import { inputsView } from "./view/inputs.ts";
import { scenariosView, unknownView } from "./view/scenarios.ts";
import { ledgerView, toleranceView, verdictView } from "./view/verdict.ts";
import { bytes, plural } from "./words.ts";
import AuditWorker from "./worker.ts?worker&inline";

const status = byId("status", HTMLParagraphElement);
const progress = byId("progress", HTMLDivElement);
const bar = byId("bar", HTMLProgressElement);
const progressText = byId("progress-text", HTMLSpanElement);
const inputs = byId("inputs", HTMLDivElement);
const results = byId("results", HTMLDivElement);
const asOf = byId("as-of", HTMLInputElement);
const filesInput = byId("files", HTMLInputElement);
const folderInput = byId("folder", HTMLInputElement);
const actions = ["choose-files", "choose-folder", "example"].map((id) => byId(id, HTMLButtonElement));

/** What the page shows or is working on. */
let files: NamedFile[] = [];
let shown: "nothing" | "files" | "example" = "nothing";
let run = 0;
/** Whether the worker works on the run. */
let busy = false;
/** Once edited, the time no longer follows the clock. */
let asOfEdited = false;
let worker: Worker;

function startWorker(): void {
  worker = new AuditWorker();
  worker.onmessage = ({ data }: MessageEvent<Reply>) => receive(data);
  worker.onerror = (event) => stopped(event.message);
}

function receive(message: Reply): void {
  switch (message.kind) {
    case "ready":
      byId("reads", HTMLUListElement).replaceChildren(
        ...message.commands.map((command) => h("li", {}, h("code", {}, command))),
      );
      for (const action of actions) {
        action.disabled = false;
      }
      break;
    case "progress":
      if (message.run === run) {
        showProgress(message.index, message.name, message.read);
      }
      break;
    case "done":
      if (message.run === run) {
        show(message);
      }
      break;
    case "failed":
      if (message.run === run || message.run === null) {
        stopped(message.message);
      }
      break;
  }
}

/** Ends what the worker does, the module included. A new worker needs no request: the page holds
 *  its source. */
function interrupt(): void {
  if (busy) {
    worker.terminate();
    startWorker();
  }
  busy = false;
  run += 1;
  progress.hidden = true;
}

/** The module stopped or did not start. */
function stopped(message: string): void {
  progress.hidden = true;
  results.replaceChildren(
    h("section", { class: "card failure", "aria-labelledby": "failure-title" },
      h("h2", { id: "failure-title" }, "The audit stopped"),
      h("p", {}, "This is a defect of idm-drill, or the browser ran out of memory. Your files were not changed and went nowhere."),
      h("pre", { tabindex: 0 }, message)),
  );
  say("The audit stopped.");
  // Not after a failed start: the next one would fail the same way, again and again.
  interrupt();
}

const send = (request: Request): void => worker.postMessage(request);
const say = (text: string): void => {
  status.textContent = text;
};

function now(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}

function begin(what: "files" | "example"): void {
  if (!asOfEdited) {
    asOf.value = now();
  }
  interrupt();
  busy = true;
  shown = what;
  say("Auditing …");
  if (what === "example") {
    send({ kind: "example", run, asOf: asOf.value });
  } else {
    showProgress(0, files[0]?.name ?? "", 0);
    send({ kind: "audit", run, asOf: asOf.value, files });
  }
}

function showProgress(index: number, name: string, read: number): void {
  const total = files.reduce((sum, { file }) => sum + file.size, 0);
  const before = files.slice(0, index).reduce((sum, { file }) => sum + file.size, 0);
  progress.hidden = false;
  bar.max = Math.max(total, 1);
  bar.value = before + read;
  progressText.textContent =
    `${name}: file ${index + 1} of ${files.length}, ${bytes(before + read)} of ${bytes(total)}`;
}

function add(added: NamedFile[]): void {
  if (added.length === 0) {
    say("There was no file in it.");
    return;
  }
  files = merge(shown === "example" ? [] : files, added);
  if (files.length > FILES_MAX) {
    files = files.slice(0, FILES_MAX);
  }
  begin("files");
}

function clear(): void {
  interrupt();
  files = [];
  shown = "nothing";
  inputs.replaceChildren();
  results.replaceChildren();
  say("Everything removed from the page.");
  byId("choose-files", HTMLButtonElement).focus();
}

function show(done: Extract<Reply, { kind: "done" }>): void {
  busy = false;
  progress.hidden = true;
  inputs.replaceChildren();
  results.replaceChildren();
  const envelope = JSON.parse(done.envelope) as Envelope;
  if ("error" in envelope) {
    asOf.setAttribute("aria-invalid", "true");
    results.append(
      h("section", { class: "card failure", "aria-labelledby": "failure-title" },
        h("h2", { id: "failure-title" }, "No audit"),
        h("p", {}, envelope.error)),
    );
    say(`No audit: ${envelope.error}`);
    return;
  }
  asOf.removeAttribute("aria-invalid");
  const { report, deployment, svg, text } = envelope;
  append(results, [
    verdictView(report),
    inputsView(report.inputs, deployment),
    toleranceView(report, deployment),
    findingsView(report, deployment),
    unknownView(report),
    conflictsView(deployment),
    scenariosView(report),
    ledgerView(report),
    graphView(svg, deployment),
    outputsView(done, svg, text, report.as_of),
  ]);
  say(
    shown === "example"
      ? "This is the bundled example, not your deployment."
      : `Audited ${plural(files.length, "file")} as of ${report.as_of}.`,
  );
  byId("verdict", HTMLHeadingElement).focus({ preventScroll: true });
  results.scrollIntoView({ block: "start" });
}

function outputsView(
  done: Extract<Reply, { kind: "done" }>,
  svg: string,
  text: string,
  when: string,
): HTMLElement {
  const save = (label: string, name: string, type: string, content: string) =>
    button(label, () => download(name, type, content));
  return h("section", { class: "card no-print", "aria-labelledby": "outputs-title" },
    h("h2", { id: "outputs-title" }, "Keep it"),
    h("p", {}, `Judged as of ${when}. The files below are made in the browser; the command line prints the same bytes for the same files and time.`),
    h("div", { class: "buttons" },
      save("Report (JSON)", "idm-drill-report.json", "application/json", done.report),
      save("Model (JSON)", "idm-drill-deployment.json", "application/json", done.deployment),
      save("Report (text)", "idm-drill-report.txt", "text/plain;charset=utf-8", text),
      save("Graph (SVG)", "idm-drill-topology.svg", "image/svg+xml", svg),
      button("Print", () => window.print()),
      button("Start over", clear)));
}

// Without this the browser would leave the page and show a dropped file.
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("dragging");
});
document.addEventListener("dragleave", (event) => {
  if (event.relatedTarget === null) {
    document.body.classList.remove("dragging");
  }
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dragging");
  if (event.dataTransfer !== null && !actions.some((action) => action.disabled)) {
    fromDrop(event.dataTransfer).then(add, (error: unknown) => say(`The browser could not read the folder: ${String(error)}`));
  }
});
byId("choose-files", HTMLButtonElement).addEventListener("click", () => filesInput.click());
byId("choose-folder", HTMLButtonElement).addEventListener("click", () => folderInput.click());
byId("example", HTMLButtonElement).addEventListener("click", () => begin("example"));
for (const input of [filesInput, folderInput]) {
  input.addEventListener("change", () => {
    const chosen = fromInput(input);
    // So that choosing the same file again is a change too.
    input.value = "";
    add(chosen);
  });
}
byId("cancel", HTMLButtonElement).addEventListener("click", () => {
  interrupt();
  say("Canceled.");
});
asOf.value = now();
asOf.addEventListener("input", () => {
  asOfEdited = asOf.value.trim() !== "";
});
asOf.addEventListener("change", () => {
  if (shown !== "nothing") {
    begin(shown);
  }
});

// A printed page has nothing to click: everything is open on paper, and as before afterwards.
let closed: HTMLDetailsElement[] = [];
window.addEventListener("beforeprint", () => {
  closed = [...document.querySelectorAll("details")].filter((fold) => !fold.open);
  for (const fold of closed) {
    fold.open = true;
  }
});
window.addEventListener("afterprint", () => {
  for (const fold of closed) {
    fold.open = false;
  }
});

// A link to a finding opens it.
document.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest("a[href^='#finding-']") : null;
  const target = document.getElementById(link?.getAttribute("href")?.slice(1) ?? "");
  if (target instanceof HTMLDetailsElement) {
    target.open = true;
  }
});

startWorker();
