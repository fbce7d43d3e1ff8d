// Findings in the report's order, each folded with everything needed to act on it.

import type { Deployment, Finding, Report } from "../contract.ts";
import { append, button, copyButton, h, list } from "../dom.ts";
import { place, points, shortNames } from "../words.ts";
import { findingId } from "./verdict.ts";

const ORIGIN: Record<string, string> = {
  guide: "the disaster recovery guide",
  companion: "a companion document of the guide",
  code: "behavior of the software",
  field: "field experience",
  derived: "derived by this tool",
};

export function findingsView(report: Report, deployment: Deployment): HTMLElement {
  const short = shortNames(deployment.servers.map((server) => server.fqdn));
  const shown = report.findings.filter((finding) => finding.status !== "unknown");
  const section = h("section", { class: "card", "aria-labelledby": "findings-title" },
    h("h2", { id: "findings-title" }, `Findings: ${shown.length}`));
  if (shown.length === 0) {
    section.append(h("p", {}, "Nothing that the exports prove is wrong. See below for what they do not show."));
    return section;
  }
  const folds = report.findings.map((finding, index) =>
    finding.status === "unknown" ? null : findingView(finding, index, short));
  const all = folds.filter((fold) => fold !== null);
  let open = false;
  const toggle = button("Open all", (self) => {
    open = !open;
    for (const fold of all) {
      fold.open = open;
    }
    self.textContent = open ? "Close all" : "Open all";
  });
  toggle.className = "small no-print";
  append(section, [h("p", {}, toggle), ...all]);
  return section;
}

function findingView(finding: Finding, index: number, short: (fqdn: string) => string): HTMLDetailsElement {
  const delta = finding.delta_if_fixed;
  const subjects = finding.subjects.map(short).join(", ");
  const summary = h("summary", {},
    h("span", { class: `severity ${finding.severity}` }, finding.severity),
    h("span", { class: "finding-title" },
      finding.title,
      subjects === "" ? null : h("span", { class: "subjects" }, ` ${subjects}`),
      finding.suffix === null ? null : h("span", { class: "subjects" }, ` (suffix ${finding.suffix})`)),
    finding.superseded_by.length > 0
      ? h("span", { class: "tag" }, `follows from ${finding.superseded_by.join(", ")}`)
      : null,
    finding.status === "waived" ? h("span", { class: "tag" }, "waived") : null,
    delta > 0 ? h("span", { class: "tag gain" }, `+${points(delta)} points`) : null,
    h("span", { class: "code" }, finding.code));
  const details = h("details", { class: "finding", id: findingId(index) }, summary);
  append(details, [
    h("p", {}, finding.why),
    evidenceView(finding),
    remedyView(finding, index),
    finding.superseded_by.length > 0
      ? h("p", {}, `Follows from ${finding.superseded_by.join(", ")}, and weighs nothing beside it.`)
      : null,
    h("p", { class: "citation" },
      `Source: ${finding.citation} (${ORIGIN[finding.origin] ?? finding.origin}). Rule ${finding.rule}.`),
  ]);
  return details;
}

/** What was read where. */
function evidenceView(finding: Finding): HTMLElement | null {
  const items = finding.evidence.map((item) =>
    h("span", {},
      h("code", {}, place(item.file, item.line)),
      item.pointer ? h("code", { class: "pointer" }, ` ${item.pointer}`) : null,
      item.planned ? ` planned: ${item.observed}` : ` ${item.observed}`,
      item.observed_at ? h("span", { class: "when" }, ` (${item.observed_at})`) : null));
  return items.length === 0 ? null : h("div", {}, h("h3", {}, "Evidence"), list(items));
}

function remedyView(finding: Finding, index: number): HTMLElement | null {
  const remedy = finding.remedy;
  const facts = [
    remedy.where ? `Where: ${remedy.where}.` : "",
    remedy.risk ? `Risk: ${remedy.risk}.` : "",
  ].filter((fact) => fact !== "");
  if (facts.length + remedy.commands.length === 0 && !remedy.verify) {
    return null;
  }
  const box = h("div", {}, h("h3", {}, "What to do"));
  append(box, [
    facts.length > 0 ? h("p", {}, facts.join(" ")) : null,
    remedy.commands.length > 0 ? commandsView(remedy.commands, `commands of finding ${index + 1}, ${finding.code}`) : null,
    remedy.verify ? h("p", {}, `Check afterwards: ${remedy.verify}`) : null,
  ]);
  return box;
}

/** Lines for a shell with one copy button. */
export function commandsView(commands: string[], what: string): HTMLElement {
  const text = commands.join("\n");
  return h("div", { class: "commands" },
    h("pre", { tabindex: 0, role: "group", "aria-label": what }, h("code", {}, text)),
    copyButton(text, what));
}
