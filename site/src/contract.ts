// The documents that the module answers with: idm-drill/report/1 and idm-drill/deployment/1, as far
// as the page reads them. Additions to the documents are allowed, so nothing here lists all keys.

export type Outcome =
  | "none"
  | "no_loss"
  | "bounded_loss"
  | "partial_loss"
  | "divergent"
  | "total_loss"
  | "unknown";

export type Severity = "critical" | "high" | "medium" | "low" | "info";

export interface InputFile {
  file: string;
  format: string | null;
  sha256: string;
}

export interface Tolerance {
  capability: string;
  tolerates_service: number | null;
  service_losses: string[][];
  tolerates_recovery: number | null;
  recovery_losses: string[][];
}

export interface Cap {
  id: string;
  ceiling: number;
  certain: boolean;
  because: string;
}

export interface Grade {
  letter: string;
  score: number | null;
  raw: number | null;
  low: number | null;
  high: number | null;
  caps: Cap[];
  ledger: unknown[];
}

export interface Case {
  case: string;
  outcome: Outcome;
  loss_window_seconds: number | null;
  lost: string[];
  procedure: string | null;
  impossible: string[];
  needs: string[];
}

export interface Scenario {
  id: string;
  title: string;
  citation: string;
  worst: Outcome;
  cases: Case[];
}

export interface Evidence {
  file: string;
  line: number | null;
  pointer: string | null;
  observed: string;
  observed_at: string | null;
}

export interface Remedy {
  commands: string[];
  where: string | null;
  risk: string | null;
  verify: string | null;
}

export interface Finding {
  code: string;
  rule: string;
  title: string;
  severity: Severity;
  status: "fail" | "unknown" | "waived";
  subjects: string[];
  suffix: "domain" | "ca" | null;
  why: string;
  evidence: Evidence[];
  remedy: Remedy | null;
  citation: string | null;
  origin: string;
  supersedes: string[];
  delta_if_fixed: number | null;
}

export interface Report {
  schema: string;
  as_of: string;
  inputs: InputFile[];
  coverage: { percent: number | null; needs: string[] };
  tolerance: Tolerance[];
  grade: Grade | null;
  scenarios: Scenario[];
  findings: Finding[];
  rules: { code: string; rule: string; status: string }[];
}

export type RoleState = "enabled" | "hidden" | "configured" | "absent" | "unknown";

export interface Server {
  fqdn: string;
  data_center: string | null;
  visibility: "visible" | "hidden" | "unknown";
  version: string | null;
  crl_publisher: boolean | null;
  roles: Record<string, RoleState>;
}

export interface Segment {
  name: string | null;
  left: string;
  right: string;
  direction: "both" | "left-right" | "right-left";
  enabled?: boolean | null;
}

export interface Note {
  severity: "error" | "warning" | "info";
  code: string;
  file: string;
  line: number | null;
  column: number | null;
  message: string;
  help: string | null;
}

export interface Deployment {
  schema: string;
  servers: Server[];
  ca: string;
  ca_renewal_server: string | null;
  dnssec_key_master: string | null;
  suffixes: Record<string, { known: boolean; segments: Segment[] }>;
  conflicts: { pointer: string; values: { value: unknown; file: string; line: number | null }[] }[];
  notes: Note[];
}

/** What the module answers, parsed. */
export type Envelope =
  | { report: Report; deployment: Deployment; text: string; svg: string }
  | { error: string };
