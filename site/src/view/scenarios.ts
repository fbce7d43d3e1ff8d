// Documented disasters, each with its cases on this deployment; and what nobody could tell yet.

import type { Case, Need, Outcome, Report } from "../contract.ts";
import { append, h, list, table } from "../dom.ts";
import { outcome, plural, seconds } from "../words.ts";

/** Cases shown before the rest is folded; deployments of many servers have hundreds. */
const CASES_SHOWN = 12;

/** Shape and word tell outcomes apart; color only helps. */
const MARK: Record<Outcome, string> = {
  none: "●",
  no_loss: "●",
  bounded_loss: "◐",
  partial_loss: "◑",
  divergent: "◆",
  total_loss: "✕",
  unknown: "?",
};

/** A case as the command line takes it; long ones break between their parts only. */
function caseView(text: string): HTMLElement {
  const parts = text.split(/(?<=[,+:|])/);
  return h("code", { class: "parts" }, ...parts.flatMap((part) => [part, h("wbr")]));
}

function outcomeView(name: Outcome): HTMLElement {
  return h("span", { class: `outcome ${name}` },
    h("span", { "aria-hidden": "true" }, `${MARK[name] ?? "?"} `),
    outcome(name));
}

export function scenariosView(report: Report): HTMLElement | null {
  if (report.scenarios.length === 0) {
    return null;
  }
  const section = h("section", { class: "card", "aria-labelledby": "scenarios-title" },
    h("h2", { id: "scenarios-title" }, "Disasters tried"));
  for (const scenario of report.scenarios) {
    const rows = (cases: Case[]) =>
      cases.map((one) => [
        caseView(one.case),
        h("span", {},
          outcomeView(one.outcome),
          one.loss_window_seconds === null ? null : ` (up to ${seconds(one.loss_window_seconds)})`),
        one.procedure ?? "",
        one.lost.join(", "),
        list(one.impossible),
        list(one.needs),
      ]);
    const columns = ["Case", "Outcome", "Procedure", "Lost", "Why not better", "Needed to know"];
    const caption = `Cases: ${scenario.title}`;
    const box = h("details", { class: "scenario", open: scenario.worst === "total_loss" },
      h("summary", {},
        h("span", { class: "code" }, scenario.id),
        h("span", { class: "finding-title" }, scenario.title),
        h("span", { class: "tag" }, plural(scenario.cases.length, "case")),
        outcomeView(scenario.worst)));
    append(box, [
      scenario.citation ? h("p", { class: "citation" }, `Source: ${scenario.citation}.`) : null,
      scenario.cases.length > 0 ? table(caption, columns, rows(scenario.cases.slice(0, CASES_SHOWN))) : null,
      scenario.cases.length > CASES_SHOWN
        ? h("details", {},
            h("summary", {}, `${scenario.cases.length - CASES_SHOWN} more`),
            table(`More cases: ${scenario.title}`, columns, rows(scenario.cases.slice(CASES_SHOWN))))
        : null,
    ]);
    section.append(box);
  }
  return section;
}

/** Missing facts, grouped by the command that supplies them. */
function needsView(needs: Need[]): HTMLElement | null {
  const facts = new Map<string, string[]>();
  for (const { fact, command } of needs) {
    facts.set(command, [...(facts.get(command) ?? []), fact]);
  }
  return list([...facts].map(([command, missing]) =>
    h("span", {},
      h("code", {}, command),
      `: ${missing.slice(0, 4).join("; ")}${missing.length > 4 ? `; and ${missing.length - 4} more` : ""}`)));
}

export function unknownView(report: Report): HTMLElement | null {
  const open = report.findings.filter((finding) => finding.status === "unknown");
  if (report.coverage.needs.length === 0 && open.length === 0) {
    return null;
  }
  const section = h("section", { class: "card", "aria-labelledby": "unknown-title" },
    h("h2", { id: "unknown-title" }, "What is not known"),
    h("p", {}, "Nothing here counts as good. The commands or answers that would settle it:"));
  append(section, [
    needsView(report.coverage.needs),
    open.length > 0
      ? h("details", { class: "scenario" },
          h("summary", {}, h("span", { class: "finding-title" }, `${plural(open.length, "rule")} that could not be decided`)),
          list(open.map((finding) =>
            h("span", {},
              h("span", { class: `severity ${finding.severity}` }, finding.severity),
              ` ${finding.title}`,
              finding.subjects.length > 0 ? `: ${finding.subjects.join(", ")}` : "",
              ". ",
              finding.why,
              " ",
              h("span", { class: "code" }, finding.code)))))
      : null,
  ]);
  return section;
}
