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
  /** What the file was read as, or what it was instead. */
  format: string;
  sha256: string | null;
}

/** A fact that is missing, and what would supply it. */
export interface Need {
  fact: string;
  command: string;
}

export interface Tolerance {
  capability: string;
  tolerates_service: number | null;
  service_losses: string[][];
  tolerates_recovery: number | null;
  recovery_losses: string[][];
  needs: Need[];
}

export interface Cap {
  id: string;
  ceiling: number;
  certain: boolean;
  because: string;
}

/** One category of the grade, with what each failed rule took from it. */
export interface LedgerLine {
  category: string;
  weight: number;
  share_percent: number;
  score: number;
  deductions: { code: string; weight_basis_points: number; extent_basis_points: number }[];
}

export interface Grade {
  letter: string;
  score: number;
  raw: number;
  low: number;
  high: number;
  caps: Cap[];
  ledger: LedgerLine[];
}

export interface Case {
  case: string;
  outcome: Outcome;
  loss_window_seconds: number | null;
  lost: string[];
  also: string[];
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
  /** Says what shall be, not what is. */
  planned?: true;
}

export interface Remedy {
  commands: string[];
  where: string;
  risk: string;
  verify: string;
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
  needs: Need[];
  remedy: Remedy;
  citation: string;
  origin: string;
  supersedes: string[];
  superseded_by: string[];
  delta_if_fixed: number;
}

export interface Report {
  schema: string;
  as_of: string;
  verdict: string;
  inputs: InputFile[];
  coverage: { percent: number; needs: Need[] };
  tolerance: Tolerance[];
  grade: Grade;
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
  attributes: { ca_renewal_server: boolean | null; dnssec_key_master: boolean | null };
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
