// The banner: what can be lost, the grade with its range and caps, and what to do next.

import type { Deployment, Report } from "../contract.ts";
import { h, list, table } from "../dom.ts";
import { capability, letter, plural, points, range, sentences, shortNames } from "../words.ts";

export function verdictView(report: Report): HTMLElement {
  const [headline = "", ...more] = sentences(report.verdict);
  const grade = report.grade;
  const undecided = grade.letter === "?";
  const caps = grade.caps.map((cap) =>
    h("span", {},
      h("strong", {}, `At most ${letter(cap.ceiling)} (${cap.ceiling}): `),
      `${cap.because}.`,
      cap.certain ? null : h("em", {}, " This is not certain: an answer below may lift it."),
      " ",
      h("span", { class: "code" }, cap.id)));
  const words = h("div", { class: "verdict-words" },
    h("h2", { id: "verdict", tabindex: -1 }, headline),
    ...more.map((sentence) => h("p", {}, sentence)),
    h("p", { class: "grade-words" },
      h("strong", {}, undecided ? "Grade not decided" : `Grade ${grade.letter}`),
      `: ${range(grade)}.`,
      grade.raw === grade.low ? null : ` Without the limits below: ${points(grade.raw)}.`,
      ` ${points(report.coverage.percent)} % of the checks could be decided.`,
      ` Judged as of ${report.as_of}.`),
    caps.length > 0
      ? h("div", { class: "caps" }, h("h3", {}, "What limits the grade"), list(caps))
      : null);
  const section = h("section", { class: "card verdict-card", "aria-labelledby": "verdict" },
    h("div", {
      class: `grade grade-${undecided ? "unknown" : grade.letter.charAt(0).toLowerCase()}`,
      role: "img",
      "aria-label": undecided ? "Grade not decided" : `Grade ${grade.letter.replace("+", " plus")}`,
    }, h("span", { "aria-hidden": "true" }, grade.letter)),
    words);
  const failed = report.findings.filter(
    (finding) => finding.status === "fail" && finding.superseded_by.length === 0,
  );
  const gains = failed.filter((finding) => finding.delta_if_fixed > 0);
  const next = (gains.length > 0 ? gains : failed).slice(0, 3);
  if (next.length > 0) {
    section.append(
      h("div", { class: "next" },
        h("h3", {}, "Do first"),
        h("ol", {},
          ...next.map((finding) =>
            h("li", {},
              h("a", { href: `#${findingId(report.findings.indexOf(finding))}` },
                [finding.title, finding.subjects.slice(0, 3).join(", ")].filter(Boolean).join(": ")),
              finding.delta_if_fixed > 0 ? ` (+${points(finding.delta_if_fixed)} points)` : null)))),
    );
  }
  return section;
}

/** The id of a finding's element; the banner links to it. */
export const findingId = (index: number): string => `finding-${index + 1}`;

/** Losses per capability. */
export function toleranceView(report: Report, deployment: Deployment): HTMLElement | null {
  if (report.tolerance.length === 0) {
    return null;
  }
  const short = shortNames(deployment.servers.map((server) => server.fqdn));
  const sets = (losses: string[][]): string => {
    const shown = losses.slice(0, 6).map((set) => set.map(short).join(" + "));
    const rest = losses.length - shown.length;
    return shown.join("; ") + (rest > 0 ? `; ${rest} more` : "");
  };
  const number = (count: number | null): string =>
    count === null ? "not known" : count === 0 ? "none" : `any ${plural(count, "server")}`;
  return h("section", { class: "card", "aria-labelledby": "tolerance-title" },
    h("h2", { id: "tolerance-title" }, "What you can lose"),
    table(
      "How many servers can be lost at the same time, whichever they are",
      [
        "To …",
        "Keeps running without",
        "Stops with the loss of",
        "Can be brought back without",
        "Not for sure after the loss of",
      ],
      report.tolerance.map((row) => [
        capability(row.capability),
        number(row.tolerates_service),
        sets(row.service_losses),
        number(row.tolerates_recovery),
        sets(row.recovery_losses),
      ]),
    ),
    h("p", { class: "legend" },
      "The losses shown are the smallest that do it; a + b means both together."));
}

/** How the number came about: every category, every deduction. */
export function ledgerView(report: Report): HTMLElement | null {
  const lines = report.grade.ledger;
  if (lines.length === 0) {
    return null;
  }
  return h("section", { class: "card", "aria-labelledby": "ledger-title" },
    h("h2", { id: "ledger-title" }, "How the number came about"),
    h("details", {},
      h("summary", {}, "Categories and deductions, with everything unknown counted as failed"),
      h("p", { class: "legend" },
        "A category starts at 100. Each failed rule takes its weight times its extent, the share of servers or links concerned, of what is left. The number is the mean of the categories by their share; the limits above come last."),
      table("Score per category",
        ["Category", "Share", "Score", "Deductions"],
        lines.map((line) => [
          line.category,
          `${points(line.share_percent)} %`,
          points(line.score),
          list(line.deductions.map((deduction) =>
            h("span", {},
              h("span", { class: "code" }, deduction.code),
              ` ${points(deduction.weight_basis_points / 100)} % × ${points(deduction.extent_basis_points / 100)} %`))),
        ]))));
}
