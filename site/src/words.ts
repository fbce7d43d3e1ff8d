// Wording: numbers and names of the report as sentences. Pure functions.

import type { Grade, Outcome, Tolerance } from "./contract.ts";

/** What losing a capability means, for the reader who does not know the report's names. */
const CAPABILITIES: Record<string, string> = {
  authenticate: "log in",
  write: "change entries",
  issue_certificates: "issue certificates",
  vaults: "open vaults",
  dns: "resolve names (DNS)",
  ad_trust: "use Active Directory trusts",
  add_replica: "add a replica",
  rebuild: "rebuild from copies",
};

const OUTCOMES: Record<Outcome, string> = {
  none: "no effect",
  no_loss: "no loss",
  bounded_loss: "bounded loss",
  partial_loss: "partial loss",
  divergent: "servers diverge",
  total_loss: "total loss",
  unknown: "not known",
};

const ROLES: Record<string, string> = {
  ipa_master: "IPA master",
  ca: "CA",
  kra: "KRA",
  dns: "DNS",
  ad_trust_controller: "AD trust controller",
  ad_trust_agent: "AD trust agent",
};

export const capability = (name: string): string => CAPABILITIES[name] ?? name.replaceAll("_", " ");
export const outcome = (name: Outcome): string => OUTCOMES[name] ?? String(name);
export const role = (key: string): string => ROLES[key] ?? key.replaceAll("_", " ");

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** "a", "a and b", "a, b and c". */
export function enumerate(names: string[]): string {
  const last = names.at(-1) ?? "";
  return names.length < 2 ? last : `${names.slice(0, -1).join(", ")} and ${last}`;
}

/** The part of host names that tells them apart: without the domain that all share. */
export function shortNames(all: string[]): (fqdn: string) => string {
  const shorts = all.map((fqdn) => fqdn.split(".")[0] ?? fqdn);
  const unique = new Set(shorts).size === new Set(all).size;
  if (unique) {
    return (fqdn) => fqdn.split(".")[0] ?? fqdn;
  }
  let shared = all[0]?.split(".") ?? [];
  for (const fqdn of all) {
    const labels = fqdn.split(".");
    while (shared.length > 0 && !labels.join(".").endsWith(`.${shared.join(".")}`)) {
      shared = shared.slice(1);
    }
  }
  const tail = shared.length > 0 ? `.${shared.join(".")}` : "";
  return (fqdn) => (tail !== "" && fqdn.endsWith(tail) ? fqdn.slice(0, -tail.length) : fqdn);
}

/** The letter of a number (bands of the grade). */
export function letter(score: number): string {
  if (score >= 95) return "A+";
  if (score >= 80) return "A";
  if (score >= 65) return "B";
  if (score >= 50) return "C";
  if (score >= 35) return "D";
  return "F";
}

export interface Verdict {
  headline: string;
  more: string[];
}

/** The first sentences of the page: how many servers can be lost, and what breaks first. */
export function verdict(tolerance: Tolerance[], servers: number): Verdict {
  const known = tolerance.filter((row) => row.tolerates_recovery !== null);
  const unknown = tolerance.filter((row) => row.tolerates_recovery === null);
  const more: string[] = [];
  let headline: string;
  if (known.length === 0) {
    headline = "These files do not show yet which servers you can lose.";
  } else {
    const least = Math.min(...known.map((row) => row.tolerates_recovery ?? 0));
    const weakest = known.filter((row) => row.tolerates_recovery === least);
    const what = enumerate(weakest.map((row) => capability(row.capability)));
    const of = servers > 0 ? ` of ${plural(servers, "server")}` : "";
    headline =
      least === 0
        ? `You cannot lose any single server${servers > 1 ? of : ""} safely: the wrong one ends your ability to ${what} for good.`
        : `You can lose any ${least}${of} and still bring ${unknown.length > 0 ? "back what is known" : "everything back"}.`;
    for (const row of weakest) {
      const sets = row.recovery_losses;
      if (sets.length > 0) {
        more.push(
          `${lossSets(sets)} and you can no longer ${capability(row.capability)}, and no recovery brings that back.`,
        );
      }
    }
  }
  const running = tolerance.filter((row) => row.tolerates_service !== null);
  if (running.length > 0) {
    const least = Math.min(...running.map((row) => row.tolerates_service ?? 0));
    const weakest = running.filter((row) => row.tolerates_service === least);
    const what = enumerate(weakest.map((row) => capability(row.capability)));
    more.push(
      least === 0
        ? `Service: one lost server can stop your ability to ${what}.`
        : `Service: all of it keeps running through the loss of any ${plural(least, "server")}.`,
    );
  }
  if (unknown.length > 0) {
    more.push(
      `Not known: after which losses you could still ${enumerate(unknown.map((row) => capability(row.capability)))}.`,
    );
  }
  return { headline, more };
}

/** "Lose a", "Lose a and b together", "Lose any of a; b; c". */
function lossSets(sets: string[][]): string {
  const first = sets[0] ?? [];
  if (sets.length === 1) {
    return first.length === 1 ? `Lose ${enumerate(first)}` : `Lose ${enumerate(first)} together`;
  }
  const shown = sets.slice(0, 4).map((set) => set.join(" + "));
  const rest = sets.length - shown.length;
  return `Lose any of: ${shown.join("; ")}${rest > 0 ? `; or one of ${rest} more sets` : ""}`;
}

/** "46 of 100; between 20 (F) and 71 (B) depending on what is not known". */
export function range(grade: Grade): string {
  const { score, low, high } = grade;
  if (low === null || high === null) {
    return score === null ? "no number yet" : `${score} of 100`;
  }
  if (low === high) {
    return `${score ?? low} of 100`;
  }
  const number = score === null ? "" : `${score} of 100; `;
  return `${number}between ${low} (${letter(low)}) and ${high} (${letter(high)}), depending on what is not known`;
}

export function seconds(count: number): string {
  if (count < 120) return plural(count, "second");
  if (count < 7200) return plural(Math.round(count / 60), "minute");
  if (count < 172_800) return plural(Math.round(count / 3600), "hour");
  return plural(Math.round(count / 86_400), "day");
}

export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  if (count < 1e6) return `${(count / 1e3).toFixed(1)} kB`;
  if (count < 1e9) return `${(count / 1e6).toFixed(1)} MB`;
  return `${(count / 1e9).toFixed(2)} GB`;
}

/** "file:12:3" with only the parts that are known. */
export function place(file: string, line?: number | null, column?: number | null): string {
  return [file, line, column].filter((part) => part !== null && part !== undefined).join(":");
}
