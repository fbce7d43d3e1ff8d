//! Laws that hold for every deployment, checked on random ones.

use std::collections::BTreeMap;

use audit_core::advise::{self, Edit};
use audit_core::cases::{FAMILIES, Judge};
use audit_core::evidence::Sources;
use audit_core::import::Import;
use audit_core::model::{CopyTable, Deployment, Fqdn, Suffix};
use audit_core::recovery::{Case, Fault, OutcomeClass, Procedure, Situation, Span, plan};
use audit_core::report::{deployment_json, json};
use audit_core::rule::State;
use audit_core::score::{self, Status};
use audit_core::{audit, rules};
use quickcheck::{Arbitrary, Gen, QuickCheck, Testable};
use tests::generate::{Files, Plan};

/// Checks a law on `count` cases, the same ones in every run.
fn check<T: Testable>(count: u64, law: T) {
    QuickCheck::new().rng(Gen::from_size_and_seed(40, 2026)).tests(count).quickcheck(law);
}

fn model(files: &Files) -> Deployment {
    tests::import(files).deployment
}

/// Fails with the first difference, which a whole model would bury.
fn assert_same(before: &Deployment, after: &Deployment) {
    if before == after {
        return;
    }
    let (left, right) = (format!("{before:#?}"), format!("{after:#?}"));
    let different = left.lines().zip(right.lines()).position(|(a, b)| a != b);
    let context = |text: &str| -> String {
        let from = different.unwrap_or(0).saturating_sub(6);
        text.lines().skip(from).take(12).collect::<Vec<_>>().join("\n")
    };
    panic!("before:\n{}\nafter:\n{}", context(&left), context(&right));
}

/// The model JSON without what names files: the same for every format that says the same.
fn facts_only(deployment: &Deployment) -> serde_json::Value {
    let mut document = deployment_json::document(deployment);
    let map = document.as_object_mut().expect("an object");
    map.remove("evidence");
    map.remove("notes");
    document
}

#[test]
fn a_model_survives_its_own_json() {
    fn law(plan: Plan) -> bool {
        let before = model(&plan.as_everything());
        let text = deployment_json::render(&before);
        let after = model(&vec![("model.json".to_owned(), text.into_bytes())]);
        assert_same(&before, &after);
        true
    }
    check(300, law as fn(Plan) -> bool);
}

#[test]
fn a_model_with_gaps_and_conflicts_survives_its_own_json() {
    fn law(mut first: Plan, second: Plan, keep: u8) -> bool {
        // Two deployments under the same names contradict each other nearly everywhere.
        first.servers.truncate(4);
        first.domain.retain(|s| s.left < first.servers.len() && s.right < first.servers.len());
        first.ca.retain(|s| s.left < first.servers.len() && s.right < first.servers.len());
        let mut files = first.as_text();
        files.extend(second.as_ldif());
        let mut index = 0;
        files.retain(|_| {
            index += 1;
            keep & (1 << (index - 1)) == 0
        });
        let before = model(&files);
        let text = deployment_json::render(&before);
        let after = model(&vec![("model.json".to_owned(), text.into_bytes())]);
        assert_same(&before, &after);
        true
    }
    check(300, law as fn(Plan, Plan, u8) -> bool);
}

#[test]
fn the_audit_of_a_saved_model_is_the_audit_of_its_exports() {
    fn law(plan: Plan) -> bool {
        let before = tests::import(&plan.as_everything());
        let text = deployment_json::render(&before.deployment);
        let mut after = tests::import(&[("model.json", text)]);
        // The files differ, and nothing else.
        after.inputs.clone_from(&before.inputs);
        let report = |imported| json::render(&audit(imported, &tests::options()));
        assert_eq!(report(&before), report(&after));
        true
    }
    check(60, law as fn(Plan) -> bool);
}

#[test]
fn text_and_ldif_of_one_deployment_are_one_model() {
    fn law(plan: Plan) -> bool {
        let mut text = plan.as_text();
        text.push(("masters.ldif".to_owned(), plan.masters_ldif().into_bytes()));
        let both = model(&plan.as_everything());
        let text = model(&text);
        assert_eq!(facts_only(&text), facts_only(&both));
        // LDIF alone knows all but the AD trust agents, which live in another subtree.
        let mut ldif = facts_only(&model(&plan.as_ldif()));
        for server in ldif["servers"].as_array_mut().expect("servers") {
            assert_eq!(server["roles"]["ad_trust_agent"], "unknown");
            server["roles"]["ad_trust_agent"] = "absent".into();
        }
        assert_eq!(ldif, facts_only(&both));
        true
    }
    check(300, law as fn(Plan) -> bool);
}

#[test]
fn order_and_chunks_never_change_the_model() {
    fn law(plan: Plan, turn: u8, cuts: Vec<u8>) -> bool {
        let mut files = plan.as_everything();
        let whole = model(&files);
        let turn = usize::from(turn) % files.len();
        files.rotate_left(turn);
        if turn.is_multiple_of(2) {
            files.reverse();
        }
        let mut import = Import::new();
        for (name, bytes) in &files {
            let mut reader = import.open(name);
            let mut rest = bytes.as_slice();
            for cut in cuts.iter().cycle().take(rest.len()) {
                let (chunk, tail) = rest.split_at(usize::from(*cut).min(rest.len()));
                reader.push(chunk);
                rest = tail;
            }
            reader.push(rest);
            import.close(reader);
        }
        assert_eq!(whole, import.finish().deployment);
        true
    }
    check(200, law as fn(Plan, u8, Vec<u8>) -> bool);
}

/// Status of every rule for every subject and suffix.
fn judgements(deployment: &Deployment) -> BTreeMap<(String, String, String), &'static str> {
    let mut found = BTreeMap::new();
    for rule in score::judge_all(deployment, tests::as_of()) {
        for judgement in &rule.judgements {
            let status = match &judgement.state {
                State::Pass => "pass",
                State::Fail(_) => "fail",
                State::NotApplicable(_) => "not applicable",
                State::Unknown(_) => "unknown",
            };
            let key = (
                rule.meta.code.to_owned(),
                judgement.suffix.map_or(String::new(), |suffix| suffix.to_string()),
                judgement.subject.clone().unwrap_or_default(),
            );
            found.insert(key, status);
        }
    }
    found
}

#[test]
fn less_evidence_never_decides_more() {
    // Files of one deployment agree with each other; without one of them, no verdict may appear
    // that was not there, and none may turn into its opposite.
    fn law(plan: Plan, left_out: u8) -> bool {
        let mut files = plan.as_everything();
        let with = judgements(&model(&files));
        for round in 0..=left_out % 3 {
            let index = usize::from(left_out.wrapping_mul(31).wrapping_add(round)) % files.len();
            files.remove(index);
        }
        let without = judgements(&model(&files));
        for (key, status) in &without {
            match (with.get(key).copied(), *status) {
                (_, "unknown") => {}
                (Some(before), now) => assert_eq!(before, now, "{key:?} decided by less"),
                // A verdict on the whole that stands for subjects which are not known any more.
                (None, now) => assert_ne!(now, "pass", "{key:?} appeared"),
            }
        }
        for (key, status) in &with {
            if *status == "fail" && !without.contains_key(key) {
                let subject_known =
                    without.keys().any(|other| !key.2.is_empty() && other.2 == key.2);
                let rule_unknown =
                    without.iter().any(|(other, status)| other.0 == key.0 && *status == "unknown");
                assert!(!subject_known || rule_unknown, "{key:?} vanished with its subject known");
            }
        }
        true
    }
    check(600, law as fn(Plan, u8) -> bool);
}

#[test]
fn a_printed_remedy_repairs_what_it_is_printed_for() {
    // Counts how often each rule's remedy was tried, so that the law cannot hold by never acting.
    let mut tried: BTreeMap<&str, u32> = BTreeMap::new();
    let mut generator = Gen::from_size_and_seed(40, 7);
    for _ in 0..400 {
        let plan = Plan::arbitrary(&mut generator);
        let deployment = model(&plan.as_everything());
        for group in score::groups(&score::judge_all(&deployment, tests::as_of())) {
            let edits = advise::edits(&deployment, &group.repairs);
            if edits.is_empty() {
                continue;
            }
            // The last path between two servers cannot be removed to mend its direction; then no
            // command repairs it whole.
            let one_way = |list: &[tests::generate::PlannedSegment]| {
                list.iter().any(|segment| segment.direction != "both")
            };
            let stuck = group.suffixes.iter().any(|suffix| match suffix {
                Some(Suffix::Ca) => one_way(&plan.ca),
                _ => one_way(&plan.domain),
            });
            if !stuck {
                *tried.entry(group.meta.code).or_default() += 1;
            }
            let changed = advise::apply(&deployment, &edits);
            let still: Vec<_> = score::groups(&score::judge_all(&changed, tests::as_of()))
                .into_iter()
                .filter(|other| other.meta.code == group.meta.code)
                .filter(|other| other.suffixes.intersection(&group.suffixes).next().is_some())
                .filter(|other| other.subjects.iter().all(|s| group.subjects.contains(s)))
                // A center may lack or hold several roles, hidden replicas hide several: each is a
                // finding of its own.
                .filter(|other| {
                    !["DC005", "DC006", "HID004"].contains(&other.meta.code)
                        || other.why == group.why
                })
                .collect();
            // Removing segments stops where it would do harm; then the finding stays.
            let removes = edits.iter().all(|e| matches!(e, Edit::RemoveSegment { .. }));
            assert!(
                still.is_empty() || stuck || removes && group.meta.code == "TOP002",
                "{} stays after {:?} in {plan:#?}",
                group.meta.code,
                edits
            );
        }
    }
    for code in ["CA001", "CA002", "CA004", "DC001", "DC002", "TOP001", "TOP003", "TOP004"] {
        assert!(tried.get(code).copied().unwrap_or(0) >= 5, "{code} tried too seldom: {tried:?}");
    }
}

#[test]
fn adding_a_segment_never_makes_connectivity_worse() {
    fn law(plan: Plan, ends: (u8, u8)) -> bool {
        let deployment = model(&plan.as_everything());
        let names: Vec<Fqdn> = deployment.servers.keys().cloned().collect();
        let at = |end: u8| names[usize::from(end) % names.len()].clone();
        let (left, right) = (at(ends.0), at(ends.1));
        if left == right {
            return true;
        }
        let edit = Edit::AddSegment { suffix: Suffix::Domain, left, right };
        let after = judgements(&advise::apply(&deployment, &[edit]));
        for (key, before) in judgements(&deployment) {
            let harmless = ["TOP001", "TOP003", "DC002"].contains(&key.0.as_str());
            if harmless && before == "pass" {
                assert_eq!(after.get(&key), Some(&"pass"), "{key:?}");
            }
        }
        true
    }
    check(300, law as fn(Plan, (u8, u8)) -> bool);
}

#[test]
fn the_two_ends_of_the_grade_are_in_order() {
    fn law(plan: Plan, left_out: u8) -> bool {
        let mut files = plan.as_everything();
        let index = usize::from(left_out) % (files.len() + 1);
        if index < files.len() {
            files.remove(index);
        }
        let deployment = model(&files);
        let grade = score::grade(&deployment, &score::judge_all(&deployment, tests::as_of()));
        assert!(grade.low.raw <= grade.high.raw);
        assert!(grade.low.capped <= grade.high.capped);
        assert!(grade.low.capped <= grade.low.raw && grade.high.capped <= grade.high.raw);
        for cap in &grade.caps {
            assert!(grade.low.capped <= cap.ceiling * 100);
            assert!(!cap.certain || grade.high.capped <= cap.ceiling * 100);
        }
        true
    }
    check(300, law as fn(Plan, u8) -> bool);
}

#[test]
fn the_ledger_adds_up_by_hand() {
    fn law(plan: Plan) -> bool {
        let report = audit(&tests::import(&plan.as_everything()), &tests::options());
        for end in [&report.grade.low, &report.grade.high] {
            let (mut sum, mut weights) = (0, 0);
            for line in &end.ledger {
                let mut score = 10_000;
                for (_, weight, extent) in &line.deductions {
                    score = score * (100_000_000 - weight * extent) / 100_000_000;
                }
                assert_eq!(score, line.score);
                sum += score * line.category.weight();
                weights += line.category.weight();
            }
            assert_eq!(end.raw, sum / weights);
        }
        true
    }
    check(100, law as fn(Plan) -> bool);
}

#[test]
fn every_runbook_can_be_performed_and_replaces_what_was_lost() {
    let mut generator = Gen::from_size_and_seed(40, 11);
    let mut performed: BTreeMap<&str, u32> = BTreeMap::new();
    for _ in 0..200 {
        let deployment = model(&Plan::arbitrary(&mut generator).as_everything());
        let Ok(before) = Situation::of(&deployment) else { continue };
        for family in FAMILIES {
            for case in (family.cases)(&deployment).unwrap_or_default() {
                let mut state = before.clone();
                for fault in case.faults() {
                    assert!(state.inject(fault));
                }
                let lost: Vec<Fqdn> = state.lost().into_iter().cloned().collect();
                let Ok(runbook) = plan(&state) else { continue };
                *performed.entry(runbook.scenario).or_default() += 1;
                for step in &runbook.steps {
                    let done = state.step(&step.action);
                    assert_eq!(done, Ok(()), "{case}: {:?} of {runbook:#?}", step.action);
                }
                assert!(state.lost().is_empty(), "{case}: {:?} stays lost", state.lost());
                for server in &lost {
                    assert!(state.running().contains(&server), "{case}: {server} not replaced");
                }
                assert!(state.stale.is_empty(), "{case}: {:?} of {runbook:#?}", state.stale);
                let untouched = [Procedure::NothingToDo, Procedure::AddLostEntries];
                for suffix in Suffix::ALL {
                    let islands = state.islands(suffix).len();
                    assert!(
                        islands <= 1 || untouched.contains(&runbook.procedure),
                        "{case}: suffix {suffix} in {islands} pieces: {runbook:#?}"
                    );
                }
            }
        }
    }
    for scenario in ["B1", "B2", "B3", "B4", "B5", "B22", "B25", "B26", "B27", "B28", "B30"] {
        let count = performed.get(scenario).copied().unwrap_or(0);
        assert!(count >= 50, "{scenario} performed {count} times: {performed:?}");
    }
}

#[test]
fn more_losses_never_end_better() {
    fn law(plan: Plan, pick: (u8, u8)) -> bool {
        let deployment = model(&plan.as_everything());
        let judge = Judge::new(&deployment);
        let names: Vec<Fqdn> = deployment.servers.keys().cloned().collect();
        let at = |end: u8| names[usize::from(end) % names.len()].clone();
        let lose = |servers: &[Fqdn]| {
            let case = Case::of(Fault::Lose(servers.iter().cloned().collect()));
            judge.judge(&case).expect("lose: is judged").outcome.rank()
        };
        let (one, other) = (at(pick.0), at(pick.1));
        assert!(lose(std::slice::from_ref(&one)) <= lose(&[one, other]));
        true
    }
    check(300, law as fn(Plan, (u8, u8)) -> bool);
}

/// The listed triples are exactly those that end worse than each of their pairs.
#[test]
fn triples_are_listed_where_they_end_worse_than_their_parts() {
    let mut generator = Gen::from_size_and_seed(40, 13);
    let (mut worse, mut all) = (0, 0);
    for _ in 0..150 {
        let mut deployment = model(&Plan::arbitrary(&mut generator).as_everything());
        deployment.copies.state_whole(CopyTable::Backups, Sources::new());
        deployment.copies.state_whole(CopyTable::Snapshots, Sources::new());
        let family = FAMILIES.iter().find(|family| family.id == "lose-three").expect("a family");
        let listed = (family.cases)(&deployment).unwrap_or_default();
        let judge = Judge::new(&deployment);
        let names: Vec<&Fqdn> = deployment.servers.keys().collect();
        let lose = |of: &[&Fqdn]| Case::of(Fault::Lose(of.iter().map(|n| (*n).clone()).collect()));
        let rank = |of: &[&Fqdn]| judge.judge(&lose(of)).expect("judged").outcome.rank();
        for (at, one) in names.iter().enumerate() {
            for (next, two) in names.iter().enumerate().skip(at + 1) {
                for three in names.iter().skip(next + 1) {
                    let pairs = [[*one, *two], [*one, *three], [*two, *three]];
                    let is_worse =
                        pairs.iter().all(|pair| rank(pair) < rank(&[*one, *two, *three]));
                    let case = lose(&[*one, *two, *three]);
                    assert_eq!(listed.contains(&case), is_worse, "{case}");
                    worse += usize::from(is_worse);
                    all += 1;
                }
            }
        }
    }
    assert!(worse >= 50 && all - worse >= 50, "{worse} of {all}");
}

/// A random fault, with names that need escaping.
#[derive(Clone, Debug)]
struct AnyCase(String);

impl Arbitrary for AnyCase {
    fn arbitrary(g: &mut Gen) -> Self {
        let mut faults = Vec::new();
        for _ in 0..=u8::arbitrary(g) % 3 {
            let host = |g: &mut Gen| format!("Ipa{}.Example.test", u8::arbitrary(g) % 4);
            let name = |g: &mut Gen| {
                ["fra", "a%20b", "Z%C3%BCrich%2B1", "x%3D%7C"][usize::from(u8::arbitrary(g) % 4)]
            };
            let span = |g: &mut Gen| {
                format!("{}{}", u8::arbitrary(g), *g.choose(&["s", "m", "h", "d"]).expect("units"))
            };
            faults.push(match u8::arbitrary(g) % 14 {
                0 => format!("lose:{},{}", host(g), host(g)),
                1 => format!("lose-dc:{}", name(g)),
                2 => format!("lose-store:{}", name(g)),
                3 => format!("lose-key:{}", name(g)),
                4 => format!("cut:{}", name(g)),
                5 => "partition:a.test,b.test|c.test".to_owned(),
                6 => format!("delete:known@{}", host(g)),
                7 => format!("delete:unknown@{}", host(g)),
                8 => format!("rollback:{}={}", host(g), name(g)),
                9 => format!("absent:{}={}", host(g), span(g)),
                10 => format!("ghost:{}", host(g)),
                11 => format!("clock:{}=+{}", host(g), span(g)),
                12 => format!("clock:{}=-{}", host(g), span(g)),
                _ => "certs-expired".to_owned(),
            });
        }
        let noticed = if bool::arbitrary(g) { "@noticed=36h" } else { "" };
        Self(format!("{}{noticed}", faults.join("+")))
    }
}

#[test]
fn cases_are_read_as_they_are_written() {
    fn law(text: AnyCase) -> bool {
        let case: Case = text.0.parse().unwrap_or_else(|error| panic!("{}: {error}", text.0));
        let canonical = case.to_string();
        assert_eq!(canonical.parse::<Case>().as_ref(), Ok(&case));
        assert_eq!(canonical.parse::<Case>().map(|again| again.to_string()), Ok(canonical));
        true
    }
    check(2000, law as fn(AnyCase) -> bool);
}

#[test]
fn spans_are_read_as_they_are_written() {
    fn law(seconds: u32) -> bool {
        let span = Span::from_seconds(seconds);
        span.to_string().parse() == Ok(span)
    }
    check(1000, law as fn(u32) -> bool);
}

#[test]
fn no_text_panics_the_case_parser() {
    fn law(text: String) -> bool {
        let _ = text.parse::<Case>();
        let _ = format!("lose:{text}").parse::<Case>();
        let _ = format!("clock:{text}=+{text}").parse::<Case>();
        true
    }
    check(2000, law as fn(String) -> bool);
}

#[test]
fn no_bytes_panic_the_import() {
    fn law(bytes: Vec<u8>, text: String) -> bool {
        let frame = format!("-----\n2 segments matched\n-----\n{text}\n  Left node: {text}\n---\n");
        let ldif = format!("dn: cn={text},cn=domain,cn=topology,cn=ipa,cn=etc\n{text}\n\n");
        let model = format!("{{\"schema\": \"idm-drill/deployment/1\", \"servers\": [{text:?}]}}");
        let files =
            [("a", bytes), ("b", frame.into()), ("c", ldif.into()), ("d", model.into_bytes())];
        let report = tests::audit_files(&files);
        // What cannot be read is unknown: never a pass.
        report.rules.iter().all(|(_, status)| *status != Status::Pass)
    }
    check(1000, law as fn(Vec<u8>, String) -> bool);
}

#[test]
fn total_loss_by_one_server_and_cap_k1_are_one() {
    fn law(plan: Plan) -> bool {
        let mut deployment = model(&plan.as_everything());
        deployment.copies.state_whole(CopyTable::Backups, Sources::new());
        deployment.copies.state_whole(CopyTable::Snapshots, Sources::new());
        let judged = score::judge_all(&deployment, tests::as_of());
        let capped =
            score::grade(&deployment, &judged).caps.iter().any(|cap| cap.id == "K1" && cap.certain);
        let judge = Judge::new(&deployment);
        let mut fatal = false;
        for family in FAMILIES {
            for case in (family.cases)(&deployment).unwrap_or_default() {
                let single = case.faults().iter().all(|fault| match fault {
                    Fault::Lose(servers) => servers.len() == 1,
                    _ => true,
                });
                let outcome = judge.judge(&case).expect("judged").outcome;
                fatal |= single && outcome.class == Some(OutcomeClass::TotalLoss);
            }
        }
        assert_eq!(capped, fatal);
        true
    }
    check(200, law as fn(Plan) -> bool);
}

#[test]
fn rules_are_found_by_code_name_and_catalog_id() {
    for rule in rules::RULES {
        let meta = rule.meta();
        for word in [meta.code, meta.name, meta.rule] {
            assert_eq!(rules::find(word).map(|found| found.meta().code), Some(meta.code));
        }
    }
}
