// Wording: numbers and names of the report as sentences. Pure functions.

import type { Grade, Outcome } from "./contract.ts";

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
  if (score >= 80) return "A";
  if (score >= 65) return "B";
  if (score >= 50) return "C";
  if (score >= 35) return "D";
  return "F";
}

/** The verdict's sentences; the first is the headline. Host names have dots, but none before a blank. */
export function sentences(text: string): string[] {
  return text.split(/(?<=[.!?]) (?=[A-Z])/).filter((sentence) => sentence !== "");
}

/** A number of points with at most one decimal. */
export const points = (count: number): string => String(Math.round(count * 10) / 10);

/** "46 of 100", or "between 20 (F) and 71 (B) of 100, depending on what is not known". */
export function range({ low, high }: Grade): string {
  return low === high
    ? `${points(low)} of 100`
    : `between ${points(low)} (${letter(low)}) and ${points(high)} (${letter(high)}) of 100, depending on what is not known`;
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
