//! Judging all rules, and the grade with its interval, caps and ledger.
//!
//! Everything is counted in basis points (1/10,000) of whole numbers, so that a reader can
//! recompute the number by hand and every machine gets the same.

use std::collections::{BTreeMap, BTreeSet};

use crate::advise::Repair;
use crate::cases::{FAMILIES, Judge, is_ca_less};
use crate::evidence::Sources;
use crate::model::{CaMode, Deployment, Fqdn, Need, Role, Suffix, Waiver};
use crate::note::{Note, NoteCode};
use crate::recovery::{Case, Fault, OutcomeClass, RestorePoint, Taken, Usability};
use crate::rule::{Category, Grouping, Judgement, Meta, Rule, Severity, State};
use crate::rules;
use crate::time::Timestamp;
use crate::views::masks::Masks;
use crate::views::{SuffixView, Views};

/// Basis points of a whole.
const WHOLE: u64 = 10_000;

/// State of a rule over all its subjects. Closed.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Status {
    /// Holds for every subject that it applies to.
    Pass,
    /// Fails for some subject.
    Fail,
    /// Undecided for some subject, and fails for none.
    Unknown,
    /// Applies to no subject.
    NotApplicable,
    /// Fails, and somebody accepted it.
    Waived,
}

impl Status {
    /// Name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
            Self::NotApplicable => "not_applicable",
            Self::Waived => "waived",
        }
    }

    /// The status of a rule, by its judgements.
    pub fn of(judgements: &[Judgement]) -> Self {
        let any = |test: fn(&State) -> bool| judgements.iter().any(|j| test(&j.state));
        if any(|state| matches!(state, State::Fail(_))) {
            Self::Fail
        } else if any(|state| matches!(state, State::Unknown(_))) {
            Self::Unknown
        } else if any(|state| matches!(state, State::Pass)) {
            Self::Pass
        } else {
            Self::NotApplicable
        }
    }
}

/// A rule with its judgements on a deployment.
#[derive(Clone, Debug)]
pub struct Judged {
    /// What the rule declares.
    pub meta: &'static Meta,
    /// Its verdicts.
    pub judgements: Vec<Judgement>,
    /// Waivers of its failures that have an effect.
    pub waivers: Vec<Waiver>,
}

impl Judged {
    /// The rule's state over all subjects, waivers left aside.
    pub fn status(&self) -> Status {
        Status::of(&self.judgements)
    }

    /// The rule's state over all subjects: `Waived` instead of `Fail` if every failure is waived.
    pub fn status_with_waivers(&self) -> Status {
        let failures = self.judgements.iter().filter_map(|judgement| match &judgement.state {
            State::Fail(failure) => Some(failure),
            _ => None,
        });
        let mut failures = failures.peekable();
        if failures.peek().is_some()
            && failures.all(|failure| waiver_of(&self.waivers, &failure.subjects).is_some())
        {
            return Status::Waived;
        }
        self.status()
    }
}

/// A waiver of a failure with these subjects: one that names no subject, or one for each of them.
fn waiver_of<'a>(waivers: &'a [Waiver], subjects: &[String]) -> Option<&'a Waiver> {
    let names = |waiver: &Waiver, subject: &String| {
        waiver.subject.as_ref().is_some_and(|waived| waived.eq_ignore_ascii_case(subject))
    };
    waivers.iter().find(|waiver| waiver.subject.is_none()).or_else(|| {
        let subject = subjects.first()?;
        let first = waivers.iter().find(|waiver| names(waiver, subject))?;
        let each = |subject| waivers.iter().any(|waiver| names(waiver, subject));
        subjects.iter().all(each).then_some(first)
    })
}

/// Takes the waivers that have an effect at a time; says of the others why they have none.
///
/// Waivers never change the raw score, and the caps K1 to K4 cannot be waived (contract, section
/// 4). For more than four agreements the guide accepts two reasons only.
pub fn waive(judged: &mut [Judged], waivers: &BTreeSet<Waiver>, as_of: Timestamp) -> Vec<Note> {
    /// Reasons that the guide accepts for more than four agreements (3.1).
    const REASONS: [&str; 2] = ["failover", "direct-link"];
    let mut notes = Vec::new();
    for waiver in waivers {
        let known = rules::find(&waiver.rule).map(Rule::meta);
        let problem = match known {
            None => Some(format!("\"{}\" is no rule", waiver.rule)),
            Some(_) if waiver.expires.is_some_and(|end| end < as_of) => {
                let end = waiver.expires.map(|end| end.to_string()).unwrap_or_default();
                Some(format!("the waiver of {} has expired on {end}", waiver.rule))
            }
            Some(meta)
                if meta.rule == "topo-max-four-agreements"
                    && !REASONS.contains(&waiver.reason.as_str()) =>
            {
                Some(format!(
                    "the reason \"{}\" is none that the guide accepts for {}",
                    waiver.reason, waiver.rule
                ))
            }
            Some(_) => None,
        };
        match (problem, known) {
            (None, Some(meta)) => {
                if let Some(rule) = judged.iter_mut().find(|rule| rule.meta.code == meta.code) {
                    rule.waivers.push(waiver.clone());
                }
            }
            (problem, _) => {
                let Some(source) = waiver.sources.first() else { continue };
                let mut note = Note::on_file(
                    &source.file,
                    NoteCode::WaiverWithoutEffect,
                    format!("{}; it has no effect", problem.unwrap_or_default()),
                )
                .help(
                    "`idm-drill explain` lists the rules; for TOP002 the reason is \"failover\" or \
                     \"direct-link\"; after the date in \"expires\" the finding is open again.",
                );
                note.line = source.line;
                notes.push(note);
            }
        }
    }
    notes
}

/// Judges every rule at a time, in the order of codes.
pub fn judge_all(deployment: &Deployment, as_of: Timestamp) -> Vec<Judged> {
    let views = Views::new(deployment, as_of);
    rules::by_code()
        .into_iter()
        .map(|rule: &dyn Rule| Judged {
            meta: rule.meta(),
            judgements: rule.check(deployment, &views),
            waivers: Vec::new(),
        })
        .collect()
}

/// One failure as the report shows it: subjects that fail together, in one suffix or both.
#[derive(Clone, Debug)]
pub struct Group {
    /// What the rule declares.
    pub meta: &'static Meta,
    /// Worst severity of the subjects.
    pub severity: Severity,
    /// Subjects, in order.
    pub subjects: Vec<String>,
    /// Suffix; `None` if the rule has none or both suffixes fail alike.
    pub suffix: Option<Suffix>,
    /// Suffixes concerned.
    pub suffixes: BTreeSet<Option<Suffix>>,
    /// Reasons, one per judgement.
    pub why: Vec<String>,
    /// Where it was read.
    pub evidence: Sources,
    /// What would repair it.
    pub repairs: Vec<Repair>,
    /// Codes of worse findings that imply this one; it then weighs nothing.
    pub superseded_by: Vec<&'static str>,
    /// The waiver that covers it.
    pub waiver: Option<Waiver>,
}

/// The failures of all rules, grouped as the report shows them; worst first, then by code and
/// subject.
pub fn groups(judged: &[Judged]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for rule in judged {
        let mut own: Vec<Group> = Vec::new();
        for judgement in &rule.judgements {
            let State::Fail(failure) = &judgement.state else { continue };
            let together = own.iter_mut().find(|group| {
                rule.meta.grouping == Grouping::Together && group.suffix == judgement.suffix
            });
            if let Some(group) = together {
                group.severity = group.severity.max(failure.severity);
                group.subjects.extend(failure.subjects.iter().cloned());
                group.why.push(failure.why.clone());
                group.evidence.extend(failure.evidence.iter().cloned());
                extend_new(&mut group.repairs, failure.repair.iter());
            } else {
                own.push(Group {
                    meta: rule.meta,
                    severity: failure.severity,
                    subjects: failure.subjects.clone(),
                    suffix: judgement.suffix,
                    suffixes: BTreeSet::from([judgement.suffix]),
                    why: vec![failure.why.clone()],
                    evidence: failure.evidence.clone(),
                    repairs: failure.repair.iter().cloned().collect(),
                    superseded_by: Vec::new(),
                    waiver: None,
                });
            }
        }
        // The same subjects in both suffixes are one finding.
        let mut merged: Vec<Group> = Vec::new();
        for group in own {
            match merged
                .iter_mut()
                .find(|other| other.subjects == group.subjects && other.severity == group.severity)
            {
                Some(other) => {
                    other.suffix = None;
                    other.suffixes.extend(group.suffixes);
                    other.why.extend(group.why);
                    other.evidence.extend(group.evidence);
                    extend_new(&mut other.repairs, group.repairs.iter());
                }
                None => merged.push(group),
            }
        }
        for group in &mut merged {
            group.waiver = waiver_of(&rule.waivers, &group.subjects).cloned();
        }
        groups.extend(merged);
    }
    supersede(&mut groups);
    groups.sort_by(|a, b| {
        let key = |group: &Group| {
            (!group.superseded_by.is_empty(), std::cmp::Reverse(group.severity), group.meta.code)
        };
        key(a).cmp(&key(b)).then_with(|| a.subjects.cmp(&b.subjects))
    });
    groups
}

fn extend_new<'a>(repairs: &mut Vec<Repair>, more: impl Iterator<Item = &'a Repair>) {
    for repair in more {
        if !repairs.contains(repair) {
            repairs.push(repair.clone());
        }
    }
}

/// Marks findings that follow from worse ones on the same subjects and suffix.
fn supersede(groups: &mut [Group]) {
    // For each rule and suffix: the codes that imply it, with the subjects they cover.
    type Causes = BTreeMap<&'static str, BTreeSet<String>>;
    let mut implied: BTreeMap<(&str, Option<Suffix>), Causes> = BTreeMap::new();
    for group in groups.iter() {
        for code in group.meta.supersedes {
            for suffix in &group.suffixes {
                implied
                    .entry((code, *suffix))
                    .or_default()
                    .entry(group.meta.code)
                    .or_default()
                    .extend(group.subjects.iter().cloned());
            }
        }
    }
    for group in groups.iter_mut() {
        let mut by = BTreeSet::new();
        let covered = group.suffixes.iter().all(|suffix| {
            let Some(causes) = implied.get(&(group.meta.code, *suffix)) else { return false };
            let touched = |subjects: &BTreeSet<String>| {
                group.subjects.is_empty() || group.subjects.iter().any(|s| subjects.contains(s))
            };
            let found: Vec<&str> = causes
                .iter()
                .filter(|(_, subjects)| touched(subjects))
                .map(|(code, _)| *code)
                .collect();
            // Several findings together may cover the subjects.
            if !group.subjects.iter().all(|s| causes.values().any(|subjects| subjects.contains(s)))
            {
                return false;
            }
            by.extend(found.iter().copied());
            !found.is_empty()
        });
        if covered {
            group.superseded_by =
                rules::by_code().iter().map(|r| r.meta().code).filter(|c| by.contains(c)).collect();
        }
    }
}

/// A ceiling on the grade.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Cap {
    /// Identifier, for example `K1`.
    pub id: &'static str,
    /// Highest score, in points.
    pub ceiling: u64,
    /// True if it holds whatever the unknown facts are.
    pub certain: bool,
    /// Why it holds, or may hold.
    pub because: String,
}

/// One line of the ledger.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LedgerLine {
    /// The category.
    pub category: Category,
    /// Weight of the category in percent of all categories that apply.
    pub weight_percent: u64,
    /// Deductions: rule code, weight of its severity, extent, all in basis points.
    pub deductions: Vec<(&'static str, u64, u64)>,
    /// Score of the category in basis points.
    pub score: u64,
}

/// Scores at one end of what is possible.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct End {
    /// Weighted mean, in basis points of 100 points.
    pub raw: u64,
    /// After the lowest cap.
    pub capped: u64,
    /// The arithmetic.
    pub ledger: Vec<LedgerLine>,
}

/// The grade.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Grade {
    /// Unknown counted as failed: the headline.
    pub low: End,
    /// Unknown counted as passed.
    pub high: End,
    /// Ceilings that hold or may hold, lowest first.
    pub caps: Vec<Cap>,
}

/// Letter of a score in basis points (contract, section 4). A+ needs a rehearsal, which this
/// version cannot see, so A is the best letter here.
pub fn letter(score: u64) -> &'static str {
    const BANDS: [(u64, &str); 4] = [(8000, "A"), (6500, "B"), (5000, "C"), (3500, "D")];
    BANDS.iter().find(|(from, _)| score >= *from).map_or("F", |(_, letter)| letter)
}

impl Grade {
    /// The letter if both ends lie in the same or in neighboring bands, else `?`.
    pub fn letter(&self) -> &'static str {
        const ORDER: [&str; 5] = ["A", "B", "C", "D", "F"];
        let place = |score| ORDER.iter().position(|l| *l == letter(score)).unwrap_or(4);
        let (low, high) = (place(self.low.capped), place(self.high.capped));
        // A certain cap decides at any coverage: both ends are below it already.
        if low.abs_diff(high) <= 1 { letter(self.low.capped) } else { "?" }
    }
}

/// How many basis points the pessimistic raw score could gain at most if these facts came out well:
/// everything that is undecided for want of one of them counted as passed.
pub fn worth(judged: &[Judged], is_settled: impl Fn(&Need) -> bool) -> u64 {
    let mut settled = judged.to_vec();
    for rule in &mut settled {
        for judgement in &mut rule.judgements {
            if let State::Unknown(needs) = &judgement.state
                && needs.iter().any(&is_settled)
            {
                judgement.state = State::Pass;
            }
        }
    }
    let raw = |judged: &[Judged]| end(judged, &groups(judged), true).raw;
    raw(&settled).saturating_sub(raw(judged))
}

/// The grade of a deployment.
pub fn grade(deployment: &Deployment, judged: &[Judged]) -> Grade {
    let caps = caps(deployment, judged);
    let groups = groups(judged);
    let end = |pessimistic: bool| {
        let mut end = end(judged, &groups, pessimistic);
        let ceiling = caps.iter().filter(|cap| pessimistic || cap.certain).map(|cap| cap.ceiling);
        end.capped = ceiling.map(|points| points * 100).chain([end.raw]).min().unwrap_or(end.raw);
        end
    };
    Grade { low: end(true), high: end(false), caps }
}

fn end(judged: &[Judged], groups: &[Group], pessimistic: bool) -> End {
    let mut ledger = Vec::new();
    let mut weights = 0;
    let mut sum = 0;
    for category in Category::ALL {
        let rules: Vec<&Judged> = judged
            .iter()
            .filter(|rule| rule.meta.category == category && rule.status() != Status::NotApplicable)
            .collect();
        if rules.is_empty() {
            continue;
        }
        let mut score = WHOLE;
        let mut deductions = Vec::new();
        for rule in rules {
            let Some((weight, extent)) = deduction(rule, groups, pessimistic) else { continue };
            score = score * (WHOLE * WHOLE - weight * extent) / (WHOLE * WHOLE);
            deductions.push((rule.meta.code, weight, extent));
        }
        weights += category.weight();
        sum += category.weight() * score;
        ledger.push(LedgerLine { category, weight_percent: category.weight(), deductions, score });
    }
    let nothing_applies = if pessimistic { 0 } else { WHOLE };
    let raw = u64::checked_div(sum, weights).unwrap_or(nothing_applies);
    for line in &mut ledger {
        line.weight_percent = line.weight_percent * 100 / weights.max(1);
    }
    End { raw, capped: raw, ledger }
}

/// Weight and extent of a rule's failures that no worse finding implies: half the weight as soon as
/// one subject fails, all of it when all do.
fn deduction(rule: &Judged, groups: &[Group], pessimistic: bool) -> Option<(u64, u64)> {
    let mut weight = 0;
    let mut bad = 0;
    let mut all = 0;
    for judgement in &rule.judgements {
        match &judgement.state {
            State::NotApplicable(_) => continue,
            State::Fail(failure) => {
                let implied = groups.iter().any(|group| {
                    group.meta.code == rule.meta.code
                        && !group.superseded_by.is_empty()
                        && group.suffixes.contains(&judgement.suffix)
                        && failure.subjects.iter().all(|s| group.subjects.contains(s))
                });
                if !implied {
                    weight = weight.max(failure.severity.weight());
                    bad += 1;
                }
            }
            State::Unknown(_) if pessimistic => {
                weight = weight.max(rule.meta.severity.weight());
                bad += 1;
            }
            State::Pass | State::Unknown(_) => {}
        }
        all += 1;
    }
    (bad > 0 && weight > 0).then(|| (weight, WHOLE / 2 + WHOLE / 2 * bad / all))
}

/// Ceilings that the facts call for. K7 is not judged yet.
fn caps(deployment: &Deployment, judged: &[Judged]) -> Vec<Cap> {
    let mut caps: Vec<Cap> = [
        total_loss_by_one_failure(deployment),
        split_now(judged),
        nothing_to_restore_from(deployment, judged),
        single_ca(judged),
        single_kra(deployment, judged),
        no_copies(deployment),
        split_by_one_failure(judged),
        unproven(judged),
        lost_with_two(deployment),
        little_evidence(deployment, judged),
    ]
    .into_iter()
    .flatten()
    .collect();
    caps.sort_by_key(|cap| (cap.ceiling, cap.id));
    caps
}

/// K1: one lost server or data center, or the present state, leaves nothing to recover from.
///
/// Recovery by replication needs a server, and a CA replica where there is an integrated CA. Only
/// cases that take all of those are worth a look at copies.
fn total_loss_by_one_failure(deployment: &Deployment) -> Option<Cap> {
    let cap = |certain, because| Some(Cap { id: "K1", ceiling: 20, certain, because });
    let ca_less = is_ca_less(deployment);
    let mut doubt = None;
    if !deployment.knows_all_servers() || deployment.ca.value().is_none() {
        doubt = Some("which servers could restore the others is unknown".to_owned());
    }
    // Servers of which each could restore the others.
    let sources: BTreeSet<&Fqdn> = deployment
        .servers
        .iter()
        .filter(|(_, server)| ca_less || server.holds(Role::Ca))
        .map(|(name, _)| name)
        .collect();
    let judge = Judge::new(deployment);
    let mut fatal = Vec::new();
    let mut doubtful = Vec::new();
    for family in FAMILIES.iter().filter(|family| family.is_one_failure) {
        let Ok(cases) = (family.cases)(deployment) else {
            // Two of them in different data centers are never lost together.
            let centers: BTreeSet<&String> = sources
                .iter()
                .filter_map(|name| deployment.servers.get(*name)?.data_center.value())
                .collect();
            if centers.len() < 2 {
                doubt.get_or_insert_with(|| {
                    "which servers share a data center is unknown".to_owned()
                });
            }
            continue;
        };
        for case in cases {
            let Some(lost) = lost_by_one_failure(deployment, &case) else { continue };
            if !sources.iter().all(|name| lost.contains(name)) {
                continue;
            }
            match judge.judge(&case).map(|judged| judged.outcome.class) {
                Some(Some(OutcomeClass::TotalLoss)) => fatal.push(case.to_string()),
                _ => doubtful.push(case.to_string()),
            }
        }
    }
    if !fatal.is_empty() {
        cap(true, format!("total loss by one failure: {}", some(&fatal)))
    } else if !doubtful.is_empty() {
        let cases = some(&doubtful);
        cap(false, format!("total loss by one failure unless a usable copy exists: {cases}"))
    } else {
        doubt.and_then(|doubt| cap(false, format!("{doubt}: one failure may lose everything")))
    }
}

/// The servers that a case takes, if it is one failure: one server, or one data center.
fn lost_by_one_failure<'a>(deployment: &'a Deployment, case: &Case) -> Option<BTreeSet<&'a Fqdn>> {
    let mut faults = case.faults().iter();
    let lost: BTreeSet<&Fqdn> = match (faults.next(), faults.next()) {
        (Some(Fault::Lose(servers)), None) if servers.len() == 1 => {
            let known = |name| deployment.servers.get_key_value(name).map(|(name, _)| name);
            servers.iter().filter_map(known).collect()
        }
        (Some(Fault::LoseDataCenter(center)), None) => deployment
            .servers
            .iter()
            .filter(|(_, server)| server.data_center.value() == Some(center))
            .map(|(name, _)| name)
            .collect(),
        _ => return None,
    };
    Some(lost)
}

fn some(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first, second] => format!("{first}, {second}"),
        [first, second, rest @ ..] => format!("{first}, {second} and {} more", rest.len()),
    }
}

fn status(judged: &[Judged], code: &str) -> Status {
    judged.iter().find(|rule| rule.meta.code == code).map_or(Status::NotApplicable, Judged::status)
}

fn status_with_waivers(judged: &[Judged], code: &str) -> Status {
    let rule = judged.iter().find(|rule| rule.meta.code == code);
    rule.map_or(Status::NotApplicable, Judged::status_with_waivers)
}

/// K2: a suffix is disconnected now, by its topology or because databases of different generations
/// refuse each other. That generations are not known makes no cap: no console export shows them.
fn split_now(judged: &[Judged]) -> Option<Cap> {
    if status(judged, "REP002") == Status::Fail {
        let because = "databases of different generations refuse each other now (REP002)";
        return Some(Cap { id: "K2", ceiling: 34, certain: true, because: because.to_owned() });
    }
    let (certain, because) = match status(judged, "TOP003") {
        Status::Fail => (true, "servers cannot replicate to each other now (TOP003)"),
        Status::Unknown => (false, "whether all servers replicate to each other is unknown"),
        Status::Pass | Status::NotApplicable | Status::Waived => return None,
    };
    Some(Cap { id: "K2", ceiling: 34, certain, because: because.to_owned() })
}

/// K3: exactly one CA replica, even if a copy of it exists.
fn single_ca(judged: &[Judged]) -> Option<Cap> {
    let (certain, because) = match status(judged, "CA001") {
        Status::Fail => (true, "at most one CA replica, even if a copy of it exists (CA001)"),
        Status::Unknown => (false, "whether there is more than one CA replica is unknown"),
        Status::Pass | Status::NotApplicable | Status::Waived => return None,
    };
    Some(Cap { id: "K3", ceiling: 49, certain, because: because.to_owned() })
}

/// K2: one CA replica, and every copy that exists is certainly of no use.
fn nothing_to_restore_from(deployment: &Deployment, judged: &[Judged]) -> Option<Cap> {
    let points = RestorePoint::all(deployment);
    let useless = |point: &RestorePoint| {
        point.holds(Role::Ca) == Some(false) || matches!(point.usability(), Usability::Unusable(_))
    };
    let certain = status(judged, "CA001") == Status::Fail
        && deployment.copies.are_known()
        && !points.is_empty()
        && points.iter().all(useless);
    let because = "one CA replica, and no copy of it can be restored (CA001, COP002)";
    certain.then(|| Cap { id: "K2", ceiling: 34, certain, because: because.to_owned() })
}

/// K3: one KRA, and no copy that brings its keys back.
fn single_kra(deployment: &Deployment, judged: &[Judged]) -> Option<Cap> {
    if status(judged, "KRA001") != Status::Fail {
        return None;
    }
    let mut certain = deployment.copies.are_known();
    for point in RestorePoint::all(deployment) {
        match (point.usability(), point.holds(Role::Kra)) {
            (Usability::Usable, Some(true)) => return None,
            (Usability::Unusable(_), _) | (_, Some(false)) => {}
            (Usability::Usable | Usability::Doubtful(_), _) => certain = false,
        }
    }
    let because = if certain {
        "one KRA, and no copy brings the keys of its vaults back (KRA001)"
    } else {
        "one KRA (KRA001), and whether a copy brings the keys of its vaults back is unknown"
    };
    Some(Cap { id: "K3", ceiling: 49, certain, because: because.to_owned() })
}

/// K4: no restore point that can be used: a deletion that was replicated cannot be undone. A
/// data-only backup counts here, because servers are there to restore it on.
fn no_copies(deployment: &Deployment) -> Option<Cap> {
    let mut doubtful = None;
    let points = RestorePoint::all(deployment);
    for point in &points {
        match point.restores_data(Taken::nothing()) {
            Usability::Usable => return None,
            Usability::Doubtful(needs) => {
                doubtful.get_or_insert((&point.id, needs));
            }
            Usability::Unusable(_) => {}
        }
    }
    let (certain, because) = match doubtful {
        Some((id, needs)) => {
            let first = needs.first().map(ToString::to_string).unwrap_or_default();
            (false, format!("whether copy {id} can be restored is not proven: unknown is {first}"))
        }
        None if !deployment.copies.are_known() => {
            (false, "whether a backup or VM snapshot exists is unknown".to_owned())
        }
        None if points.is_empty() => (
            true,
            "no backup and no VM snapshot: a replicated deletion cannot be undone".to_owned(),
        ),
        None => {
            let why = points.iter().filter_map(|point| match point.usability() {
                Usability::Unusable(why) => Some(format!("{}: {why}", point.id)),
                Usability::Usable | Usability::Doubtful(_) => None,
            });
            let why: Vec<String> = why.collect();
            (true, format!("no copy can be restored ({})", some(&why)))
        }
    };
    Some(Cap { id: "K4", ceiling: 49, certain, because })
}

/// K5: one lost server splits a suffix, fewer than three CA replicas, or the newest backup is older
/// than the target. The only cap but K6 that a waiver lifts.
fn split_by_one_failure(judged: &[Judged]) -> Option<Cap> {
    let parts = [
        ("TOP004", "losing one server splits others"),
        ("CA002", "fewer than three CA replicas"),
        ("BAK007", "the newest backup is older than the target"),
    ];
    by_rules(judged, "K5", 64, &parts)
}

/// K6: no restore was rehearsed, copies only on the disk of their server, or a role in one data
/// center only.
fn unproven(judged: &[Judged]) -> Option<Cap> {
    let parts = [
        ("PRF001", "no restore was rehearsed"),
        ("COP003", "copies of a server are on its own disk only"),
        ("DC006", "losing a data center removes a role"),
    ];
    by_rules(judged, "K6", 79, &parts)
}

/// K7: losing two servers at once leaves nothing to recover from.
fn lost_with_two(deployment: &Deployment) -> Option<Cap> {
    /// Losses after which there must still be something to recover from.
    const LOSSES: u64 = 2;
    let ca_less = is_ca_less(deployment);
    let wanted = if ca_less { "authenticate" } else { "issue_certificates" };
    let tolerance = tolerance(deployment).into_iter().find(|one| one.capability == wanted)?;
    let points = RestorePoint::all(deployment);
    let helps = |point: &&RestorePoint| {
        (ca_less || point.holds(Role::Ca) != Some(false))
            && !matches!(point.usability(), Usability::Unusable(_))
    };
    let is_usable = |point: &RestorePoint| {
        (ca_less || point.holds(Role::Ca) == Some(true)) && point.usability() == Usability::Usable
    };
    if tolerance.recovery.is_some_and(|losses| losses >= LOSSES) || points.iter().any(is_usable) {
        return None;
    }
    let certain = tolerance.recovery.is_some()
        && deployment.copies.are_known()
        && !points.iter().any(|point| helps(&point));
    let because = if certain {
        "losing two servers at once can make a recovery impossible"
    } else {
        "whether two servers lost at once leave something to recover from is unknown"
    };
    Some(Cap { id: "K7", ceiling: 94, certain, because: because.to_owned() })
}

/// Share of decided checks, in percent, below which the best grade is not given (contract, section
/// 4).
const EVIDENCE_MIN: u64 = 90;

/// K7: much of what is judged is not known. The facts that are missing lift it.
fn little_evidence(deployment: &Deployment, judged: &[Judged]) -> Option<Cap> {
    let (percent, _) = coverage(deployment, judged);
    let because = format!("only {percent} % of the checks could be decided");
    (percent < EVIDENCE_MIN).then_some(Cap { id: "K7", ceiling: 94, certain: false, because })
}

/// A cap that holds if one of these rules fails, and may hold while one is undecided.
fn by_rules(
    judged: &[Judged],
    id: &'static str,
    ceiling: u64,
    parts: &[(&str, &str)],
) -> Option<Cap> {
    let found = |wanted: Status| -> Vec<String> {
        parts
            .iter()
            .filter(|(code, _)| status_with_waivers(judged, code) == wanted)
            .map(|(code, words)| format!("{words} ({code})"))
            .collect()
    };
    let (failed, unknown) = (found(Status::Fail), found(Status::Unknown));
    let (certain, because) = if !failed.is_empty() {
        (true, failed.join("; "))
    } else if !unknown.is_empty() {
        (false, format!("unknown: {}", unknown.join("; ")))
    } else {
        return None;
    };
    Some(Cap { id, ceiling, certain, because })
}

/// Share of decided pairs of rule and subject, weighed by severity, in percent, and what is
/// missing, widest gap first.
pub fn coverage(deployment: &Deployment, judged: &[Judged]) -> (u64, Vec<Need>) {
    let (mut decided, mut all) = (0, 0);
    let mut needs = BTreeSet::new();
    for rule in judged {
        // A rule without weight still shows whether it could be decided.
        let weight = rule.meta.severity.weight().max(100);
        for judgement in &rule.judgements {
            match &judgement.state {
                State::NotApplicable(_) => {}
                State::Pass | State::Fail(_) => {
                    decided += weight;
                    all += weight;
                }
                State::Unknown(missing) => {
                    all += weight;
                    needs.extend(missing.iter().cloned());
                }
            }
        }
    }
    if !deployment.copies.are_known() {
        needs.insert(Need::Copies);
    }
    for point in RestorePoint::all(deployment) {
        if let Usability::Doubtful(of) = point.restores_data(Taken::nothing()) {
            needs.extend(of);
        }
    }
    let percent = u64::checked_div(decided * 100, all).unwrap_or(0);
    (percent, needs.into_iter().collect())
}

/// How many servers a capability can lose.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tolerance {
    /// The capability's name in JSON.
    pub capability: &'static str,
    /// Losses after which it still runs, whichever servers are lost; `None` if not known or if it
    /// does not run now.
    pub service: Option<u64>,
    /// The smallest sets whose loss ends it.
    pub service_losses: Vec<Vec<String>>,
    /// Losses after which it can be brought back for sure, whichever servers are lost.
    pub recovery: Option<u64>,
    /// The smallest sets whose loss makes that impossible, or not certain.
    pub recovery_losses: Vec<Vec<String>>,
    /// What is missing to know more.
    pub needs: Vec<Need>,
}

/// Tolerance of the capabilities that this version judges: `authenticate`, `issue_certificates`,
/// and `replicate`, which is whether those that remain still hear from each other.
pub fn tolerance(deployment: &Deployment) -> Vec<Tolerance> {
    let mut all = vec![tolerance_of(deployment, "authenticate", Role::IpaMaster)];
    if deployment.ca.value() != Some(&CaMode::None) {
        all.push(tolerance_of(deployment, "issue_certificates", Role::Ca));
    }
    all.extend(tolerance_of_replication(deployment));
    all
}

/// Servers of a suffix up to which all pairs are looked at.
const PAIRS_SERVERS_MAX: usize = 500;

/// Cut servers, else pairs that split the others; `None` where pairs are too many to look at.
fn small_cuts(view: &SuffixView, servers: usize) -> Option<Vec<Vec<Fqdn>>> {
    let cuts = view.possible.cut_servers();
    if !cuts.is_empty() {
        return Some(cuts.into_iter().map(|server| vec![server]).collect());
    }
    let pairs = (servers <= PAIRS_SERVERS_MAX).then(|| view.possible.two_server_cuts())?;
    Some(pairs.into_iter().map(|(one, other)| vec![one, other]).collect())
}

/// How many servers can be lost, whichever they are, so that all that remain still replicate suffix
/// `domain` to each other: the topology's vertex connectivity less one, looked at up to three
/// losses, and up to two above 64 servers.
///
/// `None` where there is nothing to say: fewer than three servers, or more than 500 without a
/// single cut server. Recovery is a new segment, so one remaining server is enough.
fn tolerance_of_replication(deployment: &Deployment) -> Option<Tolerance> {
    let view = SuffixView::new(deployment, Suffix::Domain);
    let servers: Vec<String> = view.possible.servers().iter().map(ToString::to_string).collect();
    if servers.len() < 3 {
        return None;
    }
    let names = |set: Vec<Fqdn>| set.iter().map(ToString::to_string).collect::<Vec<String>>();
    let known = deployment.topology(Suffix::Domain).is_known() && view.carrier_needs.is_empty();
    let (service, service_losses) = if !known || !view.possible.is_connected() {
        (None, Vec::new())
    } else {
        let sets = view.possible.splitting_sets().or_else(|| small_cuts(&view, servers.len()))?;
        // Of 64 servers at most, triples have been looked at, too.
        let looked_at = if servers.len() <= Masks::SERVERS_MAX { 3 } else { 2 };
        let smallest = sets.iter().map(Vec::len).min();
        let tolerated = smallest.map_or(looked_at, |size| size - 1);
        let tolerated = tolerated.min(servers.len() - 1);
        let losses = sets.into_iter().filter(|set| Some(set.len()) == smallest);
        (u64::try_from(tolerated).ok(), losses.map(names).collect())
    };
    let all_known = deployment.knows_all_servers();
    Some(Tolerance {
        capability: "replicate",
        service,
        service_losses,
        recovery: all_known.then(|| servers.len() as u64 - 1),
        recovery_losses: if all_known { vec![servers] } else { Vec::new() },
        needs: if known { Vec::new() } else { view.needs(deployment) },
    })
}

/// A capability runs while one visible server has the role, and can be brought back while one
/// server has it in any state. Losing all of them leaves copies, of which nothing is certain here.
fn tolerance_of(deployment: &Deployment, capability: &'static str, role: Role) -> Tolerance {
    use crate::model::RoleStatus::Enabled;
    let mut needs = BTreeSet::new();
    if !deployment.knows_all_servers() {
        needs.insert(Need::ServerList);
    }
    let mut visible = Vec::new();
    let mut holders = Vec::new();
    let mut visible_known = true;
    let mut holders_known = true;
    for (name, server) in &deployment.servers {
        let status = server.role(role);
        // Every server carries the identity data, whatever its IPA master role shows.
        let holds = role == Role::IpaMaster || server.holds(role);
        if holds {
            holders.push(name.to_string());
        } else if server.may_hold(role) {
            holders_known = false;
        }
        if status.certainly(|status| *status == Enabled) {
            visible.push(name.to_string());
        } else if status.possibly(|status| *status == Enabled) {
            visible_known = false;
            needs.insert(Need::Role(name.clone(), role));
        }
    }
    if role == Role::Ca {
        if deployment.ca.value().is_none() {
            needs.insert(Need::CaMode);
            holders_known = false;
            visible_known = false;
        }
        if holders.len() > 1 {
            // A CA replica that no segment of suffix ca reaches protects nothing (rules, A.3).
            let view = SuffixView::new(deployment, Suffix::Ca);
            let replicated = |name: &String| {
                let server = Fqdn::parse(name);
                server.is_some_and(|server| !view.certain.partners(&server).all().is_empty())
            };
            if holders.iter().any(replicated) {
                holders.retain(replicated);
            }
            if !deployment.topology(Suffix::Ca).is_known() {
                needs.insert(Need::Segments(Suffix::Ca));
                holders_known = false;
            }
        }
    }
    let known = deployment.knows_all_servers();
    let answer = |names: Vec<String>, known: bool| {
        if known { ((names.len() as u64).checked_sub(1), vec![names]) } else { (None, Vec::new()) }
    };
    let (service, service_losses) = answer(visible, known && visible_known);
    let (recovery, recovery_losses) = answer(holders, known && holders_known);
    if !deployment.copies.are_known() {
        needs.insert(Need::Copies);
    }
    Tolerance {
        capability,
        service,
        service_losses,
        recovery,
        recovery_losses,
        needs: needs.into_iter().collect(),
    }
}
