//! What goes on by itself during a drill: certificates end and are renewed, ids are used up,
//! clients change servers, old changes meet newer ones.

use audit_core::recovery::{Case, OutcomeClass, Procedure};
use serde_json::{Value, json};
use simulator::drill::{Assumptions, Drill, Drilled};

/// Three visible servers, two of them with a CA; two data centers; one snapshot.
fn model() -> Value {
    let server = |name: &str, center: &str, ca: bool| {
        let word = if ca { "enabled" } else { "absent" };
        json!({
            "fqdn": name, "data_center": center, "visibility": "visible", "version": "4.12.2",
            "crl_publisher": name == "a.example.test",
            "roles": {
                "ipa_master": "enabled", "ca": word, "kra": "absent", "dns": "absent",
                "ad_trust_controller": "absent", "ad_trust_agent": "absent",
            },
        })
    };
    let segment = |left: &str, right: &str| {
        json!({
            "name": format!("{left}-to-{right}"), "left": left, "right": right,
            "direction": "both",
        })
    };
    let (a, b, c) = ("a.example.test", "b.example.test", "c.example.test");
    json!({
        "schema": "idm-drill/deployment/1",
        "servers": [server(a, "north", true), server(b, "north", true), server(c, "south", false)],
        "servers_known": true, "ca": "integrated", "ca_renewal_server": a,
        "dnssec_key_master": null, "domain_level": 1,
        "suffixes": {
            "domain": {
                "known": true, "complete": true,
                "segments": [segment(a, b), segment(b, c), segment(a, c)],
            },
            "ca": { "known": true, "complete": true, "segments": [segment(a, b)] },
        },
        "backups_known": true, "backups": [],
        "snapshots_known": true, "snapshots": [{
            "id": "cold", "host": a, "vm": "vm-a", "taken_at": "2026-10-13T00:00:00Z",
            "powered_off": true, "full": true, "store": "vault",
        }],
        "stores_known": true,
        "stores": [{ "id": "vault", "host": null, "data_center": "elsewhere", "medium": "tape" }],
        "keys_known": true, "keys": [], "conflicts": [], "notes": [],
    })
}

fn drill_of(model: &Value, case: &str, worst: bool, assumed: &str) -> Drilled {
    let imported = tests::import(&[("model.json", model.to_string())]);
    let case: Case = case.parse().expect("a case");
    let assumptions = Assumptions::default().with_file(assumed).expect("assumptions");
    let drill = Drill::new(&imported.deployment, &case, tests::as_of()).seed(5);
    drill.worst_timing(worst).assume(assumptions).run().expect("a drill")
}

fn drill(model: &Value, case: &str) -> Drilled {
    drill_of(model, case, false, "")
}

/// Certificates of these servers, with their ends.
fn with_certificates(ends: &[(&str, &str)]) -> Value {
    let mut model = model();
    let rows: Vec<Value> = ends
        .iter()
        .map(|(on, expires)| {
            json!({
                "on": format!("{on}.example.test"), "name": "Server-Cert", "issued": null,
                "expires": expires, "tracked": true,
            })
        })
        .collect();
    model["certificates"] = json!(rows);
    model
}

fn says(drilled: &Drilled, words: &str) -> bool {
    drilled.moments.iter().any(|moment| moment.words.contains(words))
}

fn outage(drilled: &Drilled, capability: &str) -> (u64, bool) {
    let row = drilled.outages.iter().find(|row| row.capability == capability);
    row.map_or((0, true), |row| (row.span.whole_seconds(), row.is_back))
}

/// A snapshot of 40 days ago: those of its certificates that were renewed since have ended.
#[test]
fn an_old_snapshot_comes_back_with_the_certificates_of_its_time() {
    let case = "lose:a.example.test,b.example.test,c.example.test";
    // Renewed 31 days ago, so the ones before ended three days ago.
    let renewed = with_certificates(&[("a", "2028-10-22T00:00:00Z")]);
    let drilled = drill(&renewed, case);
    let shown = simulator::drill::text(&drilled);
    assert_eq!(drilled.class, OutcomeClass::BoundedLoss, "{shown}");
    assert!(says(&drilled, "a.example.test has valid certificates"), "{shown}");
    // Renewed 20 days ago: the ones before are still valid.
    let young = with_certificates(&[("a", "2028-11-02T00:00:00Z")]);
    let drilled = drill(&young, case);
    assert!(!says(&drilled, "valid certificates"), "{}", simulator::drill::text(&drilled));
}

/// Two months apart from every CA, with certificates that end meanwhile.
#[test]
fn servers_without_a_ca_in_reach_run_out_of_certificates() {
    let parted = "partition:a.example.test,b.example.test|c.example.test@noticed=60d";
    let ends = [("a", "2027-01-05T00:00:00Z"), ("c", "2027-01-05T00:00:00Z")];
    let drilled = drill(&with_certificates(&ends), parted);
    let shown = simulator::drill::text(&drilled);
    assert!(says(&drilled, "certificates of c.example.test have ended"), "{shown}");
    // The side with the CA renews its own in time.
    assert!(!says(&drilled, "certificates of a.example.test have ended"), "{shown}");
    // Together again, a CA issues new ones; nobody needs ipa-cert-fix for that.
    assert!(says(&drilled, "c.example.test has valid certificates"), "{shown}");
    assert!(!says(&drilled, "renews those of others"), "{shown}");
    // Certificates that last longer than the partition are no matter.
    let ends = [("c", "2027-06-05T00:00:00Z")];
    let drilled = drill(&with_certificates(&ends), parted);
    assert!(!says(&drilled, "have ended"), "{}", simulator::drill::text(&drilled));
}

/// Where no export tells which CA renews what all share, some CA does.
#[test]
fn an_unknown_renewal_server_renews_all_the_same() {
    let mut model = model();
    model["ca_renewal_server"] = Value::Null;
    let soon = "[certificate-left]\nvalue = \"40d\"\n";
    let drilled = drill_of(&model, "absent:c.example.test=60d", false, soon);
    let shown = simulator::drill::text(&drilled);
    assert!(!says(&drilled, "certificates of a.example.test have ended"), "{shown}");
    assert!(shown.contains("some CA renews what all CAs share"), "{shown}");
    // The one that was away finds its own ended.
    assert!(says(&drilled, "c.example.test has valid certificates"), "{shown}");
}

/// What certmonger does not look after ends, also where a CA is near.
#[test]
fn what_certmonger_does_not_track_is_not_renewed() {
    let mut model = with_certificates(&[("b", "2027-01-05T00:00:00Z")]);
    model["certificates"][0]["tracked"] = json!(false);
    let drilled = drill(&model, "absent:c.example.test=60d");
    let shown = simulator::drill::text(&drilled);
    assert!(says(&drilled, "certificates of b.example.test have ended"), "{shown}");
    assert!(shown.contains("nobody renews the certificates of b.example.test"), "{shown}");
}

/// Without a CA, what is left serves on until certificates end: the drill says until when.
#[test]
fn without_a_ca_servers_serve_until_their_certificates_end() {
    let model = with_certificates(&[("c", "2027-03-02T00:00:00Z")]);
    let mut without_copies = model;
    without_copies["snapshots"] = json!([]);
    let drilled = drill(&without_copies, "lose:a.example.test,b.example.test");
    assert_eq!(drilled.class, OutcomeClass::TotalLoss);
    let (server, at) = drilled.serves_until.clone().expect("no CA is left");
    assert_eq!(server.as_str(), "c.example.test");
    assert_eq!(at.since(drilled.struck).whole_seconds() / 86_400, 99);
    assert!(simulator::drill::text(&drilled).contains("those of c.example.test end first, 99d"));
}

fn with_ids(rows: &[(&str, u64, u64)]) -> Value {
    let mut model = model();
    let rows: Vec<Value> = rows
        .iter()
        .map(|(on, first, last)| {
            json!({
                "fqdn": format!("{on}.example.test"),
                "range": { "first": first, "last": last }, "next_range": "none",
                "remaining": null,
            })
        })
        .collect();
    model["dna_ranges"] = json!(rows);
    model
}

/// Ids are with the server that has handed them out: without it nobody can add a user.
#[test]
fn users_can_be_added_while_some_server_has_ids() {
    let one = with_ids(&[("a", 5000, 9999)]);
    let drilled = drill(&one, "lose:a.example.test");
    let shown = simulator::drill::text(&drilled);
    let (seconds, is_back) = outage(&drilled, "write");
    assert!(seconds > 600 && is_back, "{seconds} {shown}");
    assert!(says(&drilled, "has ids to hand out"), "{shown}");
    assert_eq!(outage(&drilled, "authenticate").0, 0, "{shown}");
    let two = with_ids(&[("a", 5000, 9999), ("b", 10_000, 14_999)]);
    let drilled = drill(&two, "lose:a.example.test");
    assert_eq!(outage(&drilled, "write").0, 0, "{}", simulator::drill::text(&drilled));
    // A server that is apart from the only one with ids cannot ask it; the others can.
    let parted = "partition:a.example.test,b.example.test|c.example.test@noticed=6h";
    assert_eq!(outage(&drill(&one, parted), "write").0, 0);
    // And ranges are used up: 40 ids last for four days.
    let few = with_ids(&[("a", 5000, 5039)]);
    let drilled = drill(&few, "absent:c.example.test=7d");
    assert!(outage(&drilled, "write").0 > 86_400, "{}", simulator::drill::text(&drilled));
    let drilled = drill_of(&few, "absent:c.example.test=7d", false, "[ids-per-day]\nvalue = 1\n");
    assert_eq!(outage(&drilled, "write").0, 0);
}

/// Clients of a lost server go to others of its data center, then anywhere; where none is left
/// they are without.
#[test]
fn clients_go_where_servers_are_left() {
    let mut model = model();
    model["answers"] = json!([{ "question": "clients", "answer": 9000 }]);
    let drilled = drill(&model, "lose:a.example.test");
    let load = &drilled.load;
    let most = |name: &str| {
        let mut rows = load.servers.iter();
        rows.find(|(server, _, _)| server.as_str() == name)
            .map(|(_, before, most)| (*before, *most))
    };
    assert_eq!((load.clients, load.visible, load.fewest_visible), (9000, 3, 2));
    assert_eq!(most("b.example.test"), Some((3000, 6000)), "the other one in the data center");
    assert_eq!(most("c.example.test"), Some((3000, 3000)));
    assert!(load.overloaded.whole_seconds() > 600 && load.unserved == 0);
    let parted = "partition:a.example.test,b.example.test|c.example.test@noticed=6h";
    let both = format!("lose:c.example.test+{parted}");
    let drilled = drill(&model, &both);
    let load = &drilled.load;
    // Until a server is installed in the place of theirs.
    assert_eq!(load.unserved, 3000, "{}", simulator::drill::text(&drilled));
    assert!(load.unserved_for.whole_seconds() > 3600);
    // Kerberos refuses clients where the clock is off by more than five minutes.
    let drilled = drill(&model, "clock:a.example.test=+10m");
    assert_eq!(drilled.load.fewest_visible, 2);
    assert_eq!(drill(&model, "clock:a.example.test=+4m").load.fewest_visible, 3);
}

/// What clients of a lost server write goes on elsewhere: the load of all is the same.
#[test]
fn clients_write_on_the_servers_that_are_left() {
    let writes = |case: &str| {
        let assumed = "[domain-writes-per-second]\nvalue = 1\n[step-install]\nvalue = \"4d\"\n";
        let drilled = drill_of(&model(), case, false, assumed);
        let span = drilled.ended.since(drilled.struck).whole_seconds();
        (drilled.lost[0].1.acknowledged, drilled.audited_at.millis() / 1000 + span)
    };
    let (acknowledged, seconds) = writes("lose:a.example.test,b.example.test");
    let share = acknowledged as f64 / seconds as f64;
    assert!((0.97..1.03).contains(&share), "{acknowledged} writes in {seconds} seconds");
}

/// Two clients change one value on servers that do not hear of each other: the later one stays,
/// unless it comes so late that nobody knows any more which is later.
#[test]
fn of_two_changes_of_a_value_the_later_stays_for_a_week() {
    let account = |case: &str| drill_of(&model(), case, true, "").lost[0].1.clone();
    let soon = account("absent:c.example.test=5d");
    assert_eq!((soon.superseded, soon.missing(), soon.divergent), (1, 0, 0));
    let late = account("absent:c.example.test=12d");
    assert_eq!((late.superseded, late.missing(), late.divergent), (0, 1, 0));
    let parted = "partition:a.example.test,b.example.test|c.example.test@noticed=6h";
    let both = account(parted);
    // Of two values one on each side is the later.
    assert_eq!((both.superseded, both.missing(), both.divergent), (2, 0, 0));
    let long = account("partition:a.example.test,b.example.test|c.example.test@noticed=12d");
    assert!(long.missing() >= 1 && long.divergent == 0, "{long:?}");
}

/// An online backup reads its last entries some time behind the time in its header: one that was
/// begun just before a deletion may have part of it.
#[test]
fn a_backup_that_may_have_been_under_way_is_not_from_before() {
    let procedure = |taken: &str| {
        let mut model = model();
        model["snapshots"] = json!([]);
        model["backups"] = json!([{
            "id": "data", "host": "a.example.test", "kind": "data", "taken_at": taken,
            "roles": ["CA", "HTTP"], "version": "4.12.2", "encrypted": false, "complete": true,
            "store": "vault", "key": null, "path": "/srv/data",
        }]);
        let drilled = drill(&model, "delete:unknown@b.example.test@noticed=5m");
        assert!(!drilled.is_worse_than_predicted(), "{}", simulator::drill::text(&drilled));
        (drilled.procedure.map(Procedure::name), drilled.impossible.join("; "))
    };
    let (during, why) = procedure("2026-11-21T23:54:50Z");
    assert!(during.is_none() && why.contains("may have been under way"), "{during:?} {why}");
    assert_eq!(procedure("2026-11-21T23:40:00Z").0, Some("restore-data-everywhere"));
}
