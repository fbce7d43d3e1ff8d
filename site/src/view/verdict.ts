// The banner: what can be lost, the grade with its range and caps, and what to do next.

import type { Deployment, Report } from "../contract.ts";
import { append, h, list, table } from "../dom.ts";
import { capability, enumerate, letter, plural, range, shortNames, verdict } from "../words.ts";

export function verdictView(report: Report, deployment: Deployment): HTMLElement {
  const { headline, more } = verdict(report.tolerance, deployment.servers.length);
  const grade = report.grade;
  const section = h("section", { class: "card verdict-card", "aria-labelledby": "verdict" });
  const words = h("div", { class: "verdict-words" },
    h("h2", { id: "verdict", tabindex: -1 }, headline),
    ...more.map((sentence) => h("p", {}, sentence)));
  if (grade) {
    const caps = grade.caps.map((cap) =>
      h("span", {},
        h("strong", {}, `${cap.id}: at most ${letter(cap.ceiling)} (${cap.ceiling})`),
        ` ${cap.certain ? "because" : "unless an open question below is answered well, because"} ${cap.because}`));
    append(words, [
      h("p", { class: "grade-words" },
        h("strong", {}, grade.letter === "?" ? "Grade not decided" : `Grade ${grade.letter}`),
        `: ${range(grade)}.`,
        grade.raw !== null && grade.raw !== grade.score ? ` Without its caps: ${grade.raw}.` : "",
        report.coverage.percent === null
          ? ""
          : ` Evidence decides ${report.coverage.percent} % of what was asked.`),
      caps.length > 0 ? h("div", { class: "caps" }, h("h3", {}, "What holds the grade down"), list(caps)) : null,
    ]);
    const word = grade.letter.replace("+", " plus");
    section.append(
      h("div", { class: `grade grade-${gradeClass(grade.letter)}`, role: "img", "aria-label": `Grade ${word === "?" ? "not decided" : word}` },
        h("span", { "aria-hidden": "true" }, grade.letter)),
    );
  }
  section.append(words);
  const next = report.findings
    .filter((finding) => finding.status === "fail" && (finding.delta_if_fixed ?? 0) > 0)
    .slice(0, 3);
  if (next.length > 0) {
    section.append(
      h("div", { class: "next" },
        h("h3", {}, "Do first"),
        h("ol", {},
          ...next.map((finding) =>
            h("li", {},
              h("a", { href: `#${findingId(report.findings.indexOf(finding))}` }, finding.title),
              ` (+${plural(finding.delta_if_fixed ?? 0, "point")})`)))),
    );
  }
  return section;
}

/** The id of a finding's element; the banner links to it. */
export const findingId = (index: number): string => `finding-${index + 1}`;

function gradeClass(grade: string): string {
  return grade === "?" ? "unknown" : grade.charAt(0).toLowerCase();
}

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
  const number = (count: number | null): string => (count === null ? "not known" : `any ${count}`);
  return h("section", { class: "card", "aria-labelledby": "tolerance-title" },
    h("h2", { id: "tolerance-title" }, "What you can lose"),
    table(
      "Servers that can be lost at the same time, per capability",
      ["To still be able to …", "running on", "ends with the loss of", "after recovery", "ends for good with the loss of"],
      report.tolerance.map((row) => [
        capability(row.capability),
        number(row.tolerates_service),
        sets(row.service_losses),
        number(row.tolerates_recovery),
        sets(row.recovery_losses),
      ]),
    ),
    h("p", { class: "legend" },
      `“any 1” means: whichever single server is lost. The sets are the smallest ones that break it`,
      deployment.servers.length > 0 ? ` (${enumerate(["a + b means both together"])}).` : "."));
}
