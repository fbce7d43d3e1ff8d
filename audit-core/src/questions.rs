//! Rules that only read a declared answer: the rows of `questions.toml`.
//!
//! What exports can never say is asked. A row is a rule like any other: unanswered it is unknown,
//! which never counts as a pass.

use std::sync::LazyLock;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::evidence::Fact;
use crate::model::{Answer, Backup, CaMode, CopyTable, Deployment, Need, Role};
use crate::rule::{Category, Failure, Grouping, Judgement, Meta, Origin, Rule, Severity, State};
use crate::views::Views;

/// Schema name of `answers.toml`.
pub const SCHEMA: &str = "idm-drill/answers/1";

/// The schema of the result of rehearsals.
pub const RESULT: &str = "idm-drill/rehearsal/1";

/// Key of the answer that says how many clients there are. Rules of their own read it.
pub const CLIENTS: &str = "clients";

/// One row.
#[derive(Debug)]
pub struct Question {
    meta: &'static Meta,
    /// Key in `answers.toml`.
    pub key: &'static str,
    /// The question.
    pub asks: &'static str,
    why: &'static str,
    passes: Passes,
    applies: Applies,
}

/// Which answers pass. Closed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Passes {
    /// Yes or no.
    Bool(bool),
    /// A number up to this.
    AtMost(u64),
}

/// Which deployments a question concerns. Closed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Applies {
    Always,
    DataCenters,
    IntegratedCa,
    Dns,
    ExternalDns,
    Backups,
    EncryptedBackups,
    Snapshots,
}

/// Every question, in the order of the table.
///
/// A row that cannot be read is left out; a test reads every row.
pub fn all() -> &'static [Question] {
    static QUESTIONS: LazyLock<Vec<Question>> =
        LazyLock::new(|| rows(include_str!("questions.toml")));
    &QUESTIONS
}

/// The question with a key of `answers.toml`.
pub fn find(key: &str) -> Option<&'static Question> {
    all().iter().find(|question| question.key == key)
}

fn rows(table: &str) -> Vec<Question> {
    let Ok(table) = DeTable::parse(table) else { return Vec::new() };
    let rows = table.get_ref().get("question").and_then(|rows| rows.get_ref().as_array());
    rows.into_iter().flatten().filter_map(|row| question(row.get_ref().as_table()?)).collect()
}

fn question(row: &DeTable<'_>) -> Option<Question> {
    // The table lives as long as the program.
    let text = |key: &str| -> Option<&'static str> {
        Some(row.get(key)?.get_ref().as_str()?.to_owned().leak())
    };
    let passes = match (text("answer"), row.get("at_most").map(Spanned::get_ref)) {
        (Some("yes"), None) => Passes::Bool(true),
        (Some("no"), None) => Passes::Bool(false),
        (None, Some(DeValue::Integer(most))) => {
            Passes::AtMost(u64::from_str_radix(most.as_str(), most.radix()).ok()?)
        }
        _ => return None,
    };
    let applies = match text("applies")? {
        "always" => Applies::Always,
        "data-centers" => Applies::DataCenters,
        "ca" => Applies::IntegratedCa,
        "dns" => Applies::Dns,
        "external-dns" => Applies::ExternalDns,
        "backups" => Applies::Backups,
        "encrypted-backups" => Applies::EncryptedBackups,
        "snapshots" => Applies::Snapshots,
        _ => return None,
    };
    let severity = [Severity::Info, Severity::Low, Severity::Medium, Severity::High]
        .into_iter()
        .find(|severity| Some(severity.name()) == text("severity"))?;
    let category = match text("category")? {
        "ca-and-kra" => Category::CaAndKra,
        "server-loss" => Category::ServerLoss,
        "data-loss" => Category::DataLoss,
        "continuity" => Category::Continuity,
        "proof" => Category::Proof,
        _ => return None,
    };
    let origin = [Origin::Guide, Origin::Companion, Origin::Code, Origin::Field, Origin::Derived]
        .into_iter()
        .find(|origin| Some(origin.name()) == text("origin"))?;
    let (key, asks, why) = (text("key")?, text("asks")?, text("why")?);
    let (citation, fix) = (text("citation")?, text("fix")?);
    let passing = match passes {
        Passes::Bool(true) => "yes".to_owned(),
        Passes::Bool(false) => "no".to_owned(),
        Passes::AtMost(most) => format!("at most {most}"),
    };
    let concerns = match applies {
        Applies::Always => "never: every deployment is asked",
        Applies::DataCenters => "fewer than two data centers",
        Applies::IntegratedCa => "the deployment is CA-less",
        Applies::Dns => "no server runs IdM's DNS",
        Applies::ExternalDns => "a server runs IdM's DNS",
        Applies::Backups => "there is no backup",
        Applies::EncryptedBackups => "no backup is encrypted",
        Applies::Snapshots => "there is no VM snapshot",
    };
    let doc = format!(
        "{asks}\n\n# Why this matters\n\n{why}\n\n# What it reads\n\nThe answer `{key}` in \
         answers.toml; no export says it.\n\n# Verdicts\n\n* pass: the answer is {passing};\n\
         * fail: it is not;\n* not applicable: {concerns};\n* unknown: there is no answer, or two \
         files answer differently.\n\n# Fix\n\n{fix}\n\n# Source\n\n{citation}.\n"
    );
    let meta = Meta {
        code: text("code")?,
        name: text("name")?,
        rule: text("rule")?,
        fails: text("fails")?,
        holds: text("holds")?,
        severity,
        category,
        citation,
        origin,
        supersedes: &[],
        grouping: Grouping::PerSubject,
        doc: doc.leak(),
    };
    Some(Question { meta: Box::leak(Box::new(meta)), key, asks, why, passes, applies })
}

impl Question {
    /// Which answers pass.
    pub fn passes(&self) -> Passes {
        self.passes
    }

    /// Why the question does not concern the deployment, or what is missing to know.
    fn objection(&self, deployment: &Deployment) -> Option<State> {
        match self.applies {
            Applies::Always => None,
            Applies::Backups => {
                let copies = &deployment.copies;
                if !copies.backups.is_empty() {
                    return None;
                }
                Some(if copies.knows_all(CopyTable::Backups) {
                    State::NotApplicable("there is no backup")
                } else {
                    State::Unknown(vec![Need::Copies])
                })
            }
            Applies::Snapshots => {
                let copies = &deployment.copies;
                if !copies.snapshots.is_empty() {
                    return None;
                }
                Some(if copies.knows_all(CopyTable::Snapshots) {
                    State::NotApplicable("there is no VM snapshot")
                } else {
                    State::Unknown(vec![Need::Copies])
                })
            }
            Applies::EncryptedBackups => {
                let copies = &deployment.copies;
                let encrypted = |wanted: bool| {
                    move |copy: &Backup| copy.encrypted.certainly(|encrypted| *encrypted == wanted)
                };
                if copies.backups.values().any(encrypted(true)) {
                    return None;
                }
                let none = copies.backups.values().all(encrypted(false));
                Some(if none && copies.knows_all(CopyTable::Backups) {
                    State::NotApplicable("no backup is encrypted")
                } else {
                    State::Unknown(vec![Need::Copies])
                })
            }
            Applies::DataCenters => {
                if deployment.data_centers().len() >= 2 {
                    return None;
                }
                let unknown: Vec<Need> = deployment
                    .servers
                    .iter()
                    .filter(|(_, server)| server.data_center.value().is_none())
                    .map(|(name, _)| Need::DataCenter(name.clone()))
                    .collect();
                Some(if !deployment.knows_all_servers() {
                    State::Unknown(vec![Need::ServerList])
                } else if unknown.is_empty() || deployment.servers.len() < 2 {
                    State::NotApplicable("fewer than two data centers")
                } else {
                    State::Unknown(unknown)
                })
            }
            Applies::IntegratedCa => match deployment.ca.value() {
                Some(CaMode::Integrated) => None,
                Some(CaMode::None) => Some(State::NotApplicable("the deployment is CA-less")),
                None => Some(State::Unknown(vec![Need::CaMode])),
            },
            Applies::Dns => match runs_dns(deployment) {
                Ok(true) => None,
                Ok(false) => Some(State::NotApplicable("no server runs IdM's DNS")),
                Err(needs) => Some(State::Unknown(needs)),
            },
            Applies::ExternalDns => match runs_dns(deployment) {
                Ok(true) => Some(State::NotApplicable("a server runs IdM's DNS")),
                Ok(false) => None,
                Err(needs) => Some(State::Unknown(needs)),
            },
        }
    }

    fn state(&self, deployment: &Deployment) -> State {
        if let Some(objection) = self.objection(deployment) {
            return objection;
        }
        let unknown =
            || State::Unknown(vec![Need::Answer(self.key.to_owned(), self.asks.to_owned())]);
        let Some(Fact::Known { value, sources }) = deployment.observed.answers.get(self.key) else {
            return unknown();
        };
        let passes = match (self.passes, value) {
            (Passes::Bool(wanted), Answer::Bool(answer)) => *answer == wanted,
            (Passes::AtMost(most), Answer::Number(number)) => *number <= most,
            _ => return unknown(),
        };
        if passes {
            State::Pass
        } else {
            State::Fail(Box::new(Failure {
                severity: self.meta.severity,
                subjects: Vec::new(),
                why: format!("{} Answered: {value}. {}", self.asks, self.why),
                evidence: sources.clone(),
                repair: None,
            }))
        }
    }
}

/// Whether a server runs IdM's DNS, or what is missing to know.
fn runs_dns(deployment: &Deployment) -> Result<bool, Vec<Need>> {
    if !deployment.holders(Role::Dns).is_empty() {
        return Ok(true);
    }
    if !deployment.knows_all_servers() {
        return Err(vec![Need::ServerList]);
    }
    let may = deployment.servers.iter().filter(|(_, server)| server.may_hold(Role::Dns));
    let needs: Vec<Need> = may.map(|(name, _)| Need::Role(name.clone(), Role::Dns)).collect();
    if needs.is_empty() { Ok(false) } else { Err(needs) }
}

impl Rule for Question {
    fn meta(&self) -> &'static Meta {
        self.meta
    }

    fn check(&self, deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
        vec![Judgement { subject: None, suffix: None, state: self.state(deployment) }]
    }
}
