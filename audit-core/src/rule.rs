//! What a rule is: a check on the model, with its text, weight and source.

use std::fmt;

use crate::advise::Repair;
use crate::evidence::Sources;
use crate::model::{Deployment, Need, Suffix};
use crate::views::Views;

/// How bad a failed rule is. Closed; ordered from least to most.
///
/// Critical: a single event leads to total or irreversible loss. High: a single event leads to the
/// loss of a role, a stuck recovery, or a loss window beyond the target. Medium: a documented
/// guideline is broken. Low: advice. Info: no weight.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// Worth knowing; never changes the grade.
    Info,
    /// Advice.
    Low,
    /// A documented guideline is broken.
    Medium,
    /// A single event costs a role or blocks a recovery.
    High,
    /// A single event costs everything.
    Critical,
}

impl Severity {
    /// Name in JSON and in the report.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// Share of its category that a rule of this severity takes, in basis points (1/10,000), when
    /// it fails everywhere (contract, section 4).
    pub fn weight(self) -> u64 {
        match self {
            Self::Info => 0,
            Self::Low => 500,
            Self::Medium => 1500,
            Self::High => 4000,
            Self::Critical => 9000,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where a rule comes from. Closed.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Origin {
    /// The guide: "Preparing for disaster recovery with Identity Management".
    Guide,
    /// Another document of the vendor.
    Companion,
    /// Behavior read in source code or a manual page.
    Code,
    /// Reports from the field.
    Field,
    /// A consequence drawn by this project.
    Derived,
}

impl Origin {
    /// Name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Guide => "guide",
            Self::Companion => "companion",
            Self::Code => "code",
            Self::Field => "field",
            Self::Derived => "derived",
        }
    }
}

/// Part of the grade that a rule belongs to. Closed; weights add up to 100.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Category {
    /// The CA and the KRA survive.
    CaAndKra,
    /// Lost data can be brought back.
    DataLoss,
    /// Losing servers does not split or stop the deployment.
    ServerLoss,
    /// Losing a data center does not.
    SiteLoss,
    /// Recovery was rehearsed and its needs are kept.
    Proof,
    /// Services stay up.
    Continuity,
}

impl Category {
    /// Every category.
    pub const ALL: [Self; 6] = [
        Self::CaAndKra,
        Self::DataLoss,
        Self::ServerLoss,
        Self::SiteLoss,
        Self::Proof,
        Self::Continuity,
    ];

    /// Name in the ledger.
    pub fn title(self) -> &'static str {
        match self {
            Self::CaAndKra => "CA and KRA continuity",
            Self::DataLoss => "data-loss recovery",
            Self::ServerLoss => "server-loss resilience",
            Self::SiteLoss => "site-loss resilience",
            Self::Proof => "recoverability proof",
            Self::Continuity => "service continuity",
        }
    }

    /// Weight in percent of the overall score (contract, section 4).
    pub fn weight(self) -> u64 {
        match self {
            Self::CaAndKra | Self::DataLoss => 25,
            Self::ServerLoss => 20,
            Self::SiteLoss => 10,
            Self::Proof => 12,
            Self::Continuity => 8,
        }
    }
}

/// How failures of one rule become findings. Closed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Grouping {
    /// One finding per subject.
    PerSubject,
    /// One finding per suffix with all its subjects.
    Together,
}

/// What a rule declares of itself.
#[derive(Debug)]
pub struct Meta {
    /// Printed code, for example `CA001`. Never reused.
    pub code: &'static str,
    /// Name of the failing state; also the file's name.
    pub name: &'static str,
    /// Identifier of the statement it checks in the rules catalog.
    pub rule: &'static str,
    /// What is wrong, for the report.
    pub fails: &'static str,
    /// What is right, for the report.
    pub holds: &'static str,
    /// Usual severity; a failure may state another.
    pub severity: Severity,
    /// Part of the grade.
    pub category: Category,
    /// Document and section.
    pub citation: &'static str,
    /// Where the rule comes from.
    pub origin: Origin,
    /// Codes of rules whose findings on the same subjects follow from this one.
    pub supersedes: &'static [&'static str],
    /// How failures become findings.
    pub grouping: Grouping,
    /// The rule's documentation: the doc comment of its type.
    pub doc: &'static str,
}

/// Why a rule fails for a subject, and what would repair it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Failure {
    /// Severity here.
    pub severity: Severity,
    /// Servers, data centers or hosts concerned; may be empty for the deployment as a whole.
    pub subjects: Vec<String>,
    /// What was found and what follows from it.
    pub why: String,
    /// Where it was read.
    pub evidence: Sources,
    /// What would repair it.
    pub repair: Option<Repair>,
}

/// State of a rule for one subject. Closed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum State {
    /// Holds for sure.
    Pass,
    /// Is broken for sure.
    Fail(Box<Failure>),
    /// Does not concern this deployment; with the reason.
    NotApplicable(&'static str),
    /// Cannot be decided; with what is missing. Never counts as a pass.
    Unknown(Vec<Need>),
}

/// A rule's verdict on one subject.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Judgement {
    /// Server, data center or pair; `None` for the deployment or suffix as a whole.
    pub subject: Option<String>,
    /// Suffix, for rules that are applied to each suffix separately.
    pub suffix: Option<Suffix>,
    /// The verdict.
    pub state: State,
}

/// A check of one documented statement.
pub trait Rule: Sync {
    /// What the rule declares of itself.
    fn meta(&self) -> &'static Meta;

    /// Verdicts on every subject, in a fixed order. Never panics, whatever the model.
    fn check(&self, deployment: &Deployment, views: &Views) -> Vec<Judgement>;
}

impl fmt::Debug for dyn Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.meta().code)
    }
}

/// A doc comment as text for a terminal: without the blank that starts its lines, links and the
/// example.
pub fn plain_text(doc: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    for line in doc.lines().map(|line| line.strip_prefix(' ').unwrap_or(line)) {
        if line == "# Example" {
            break;
        }
        lines.push(line.strip_prefix("# ").unwrap_or(line));
    }
    let mut text = lines.join("\n").trim_end().replace('`', "");
    text.push('\n');
    text
}

/// Declares a rule: a unit struct whose doc comment is also its user documentation.
#[macro_export]
macro_rules! declare_rule {
    ($(#[doc = $doc:literal])+ $ty:ident {
        code: $code:literal,
        name: $name:literal,
        rule: $rule:literal,
        fails: $fails:literal,
        holds: $holds:literal,
        severity: $severity:ident,
        category: $category:ident,
        citation: $citation:literal,
        origin: $origin:ident,
        supersedes: [$($other:literal),*],
        grouping: $grouping:ident,
    } $check:expr) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug)]
        pub struct $ty;

        impl $crate::rule::Rule for $ty {
            fn meta(&self) -> &'static $crate::rule::Meta {
                static META: $crate::rule::Meta = $crate::rule::Meta {
                    code: $code,
                    name: $name,
                    rule: $rule,
                    fails: $fails,
                    holds: $holds,
                    severity: $crate::rule::Severity::$severity,
                    category: $crate::rule::Category::$category,
                    citation: $citation,
                    origin: $crate::rule::Origin::$origin,
                    supersedes: &[$($other),*],
                    grouping: $crate::rule::Grouping::$grouping,
                    doc: concat!($($doc, "\n"),+),
                };
                &META
            }

            fn check(
                &self,
                deployment: &$crate::model::Deployment,
                views: &$crate::views::Views,
            ) -> Vec<$crate::rule::Judgement> {
                let check: fn(
                    &$crate::model::Deployment,
                    &$crate::views::Views,
                ) -> Vec<$crate::rule::Judgement> = $check;
                check(deployment, views)
            }
        }
    };
}
