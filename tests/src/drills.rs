//! Random deployments with copies, of which everything is known, as model JSON.

use quickcheck::{Arbitrary, Gen};
use serde_json::{Value, json};

/// A small deployment and its copies.
#[derive(Clone, Debug)]
pub struct Estate {
    /// Names of the servers.
    pub servers: Vec<String>,
    /// Identifiers of snapshots with their servers.
    pub snapshots: Vec<(String, String)>,
    /// Stores of copies.
    pub stores: Vec<String>,
    /// Keys of copies.
    pub keys: Vec<String>,
    /// As model JSON.
    pub model: Value,
}

/// What is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Most servers, at least 2.
    pub servers: usize,
    /// Most copies.
    pub copies: usize,
}

fn below(g: &mut Gen, limit: usize) -> usize {
    usize::arbitrary(g) % limit.max(1)
}

fn one_in(g: &mut Gen, count: usize) -> bool {
    below(g, count) == 0
}

impl Estate {
    /// A random one.
    pub fn random(g: &mut Gen, size: Size) -> Self {
        let count = 2 + below(g, size.servers - 1);
        let servers: Vec<String> =
            (1..=count).map(|number| format!("ipa{number}.example.test")).collect();
        let integrated = !one_in(g, 6);
        let mut rows = Vec::new();
        let mut cas = Vec::new();
        for (at, name) in servers.iter().enumerate() {
            let hidden = at > 0 && one_in(g, 5);
            let state = if hidden { "hidden" } else { "enabled" };
            let ca = integrated && (at == 0 || bool::arbitrary(g));
            let kra = ca && one_in(g, 3);
            let dns = one_in(g, 3);
            let word = |has: bool| if has { state } else { "absent" };
            if ca {
                cas.push(at);
            }
            rows.push(json!({
                "fqdn": name,
                "data_center": format!("dc{}", at % 2 + 1),
                "visibility": if hidden { "hidden" } else { "visible" },
                "version": "4.12.2",
                "crl_publisher": integrated && at == 0,
                "roles": {
                    "ipa_master": state, "ca": word(ca), "kra": word(kra), "dns": word(dns),
                    "ad_trust_controller": "absent", "ad_trust_agent": "absent",
                },
            }));
        }
        let segments = |g: &mut Gen, among: &[usize], suffix: &str| {
            let mut list = Vec::new();
            let mut known: Vec<(usize, usize)> = Vec::new();
            let mut join = |a: usize, b: usize| {
                let pair = (a.min(b), a.max(b));
                if a == b || known.contains(&pair) {
                    return;
                }
                known.push(pair);
                list.push(json!({
                    "name": format!("{suffix}-{}-{}", a + 1, b + 1),
                    "left": servers[a], "right": servers[b], "direction": "both",
                }));
            };
            // A tree, and some more.
            for at in 1..among.len() {
                join(among[at], among[below(g, at)]);
            }
            for _ in 0..below(g, among.len() + 1) {
                join(among[below(g, among.len())], among[below(g, among.len())]);
            }
            list
        };
        let all: Vec<usize> = (0..count).collect();
        let domain = segments(g, &all, "domain");
        let ca = segments(g, &cas, "ca");
        let stores: Vec<String> = vec!["vault".to_owned(), "shelf".to_owned()];
        let keys: Vec<String> = vec!["0123456789abcdef".to_owned()];
        let (mut backups, mut snapshots, mut named) = (Vec::new(), Vec::new(), Vec::new());
        for number in 0..below(g, size.copies + 1) {
            let at = below(g, count);
            let host = &servers[at];
            let hours = 1 + below(g, 24 * 20);
            let day = 21 - hours / 24;
            let taken = format!("2026-11-{day:02}T{:02}:30:00Z", 23 - hours % 24);
            let store = &stores[below(g, 2)];
            if bool::arbitrary(g) {
                let id = format!("snapshot-{number}");
                named.push((id.clone(), host.clone()));
                snapshots.push(json!({
                    "id": id, "host": host, "vm": format!("vm-{at}"), "taken_at": taken,
                    "powered_off": true, "full": true, "store": store,
                }));
            } else {
                let kind = if one_in(g, 3) { "data" } else { "full" };
                let mut services = vec!["HTTP", "KDC", "KPASSWD"];
                let roles = &rows[at]["roles"];
                for (role, service) in [("ca", "CA"), ("kra", "KRA"), ("dns", "DNS")] {
                    if roles[role] != "absent" {
                        services.push(service);
                    }
                }
                let encrypted = one_in(g, 3);
                backups.push(json!({
                    "id": format!("backup-{number}"), "host": host, "kind": kind,
                    "taken_at": taken, "roles": services, "version": "4.12.2",
                    "encrypted": encrypted, "complete": true, "store": store,
                    "key": encrypted.then_some(&keys[0]),
                    "path": format!("/srv/ipa-{kind}-{number}"),
                }));
            }
        }
        // Of every other deployment it is known how far changelogs reach.
        let upkeep: Vec<Value> = servers
            .iter()
            .filter(|_| (backups.len() + snapshots.len()) % 2 == 0)
            .flat_map(|on| ["domain", "ca"].map(|suffix| (on, suffix)))
            .map(|(on, suffix)| json!({ "on": on, "suffix": suffix, "changelog_max_age": "30d" }))
            .collect();
        let model = json!({
            "schema": "idm-drill/deployment/1",
            "servers": rows, "servers_known": true,
            "ca": if integrated { "integrated" } else { "none" },
            "ca_renewal_server": integrated.then(|| servers[cas[below(g, cas.len())]].clone()),
            "dnssec_key_master": null, "domain_level": 1,
            "suffixes": {
                "domain": { "known": true, "complete": true, "segments": domain },
                "ca": { "known": true, "complete": true, "segments": ca },
            },
            "backups_known": true, "backups": backups,
            "snapshots_known": true, "snapshots": snapshots,
            "stores_known": true,
            "stores": [
                { "id": "vault", "host": null, "data_center": "dc1", "medium": "network" },
                { "id": "shelf", "host": null, "data_center": "elsewhere", "medium": "tape" },
            ],
            "keys_known": true,
            "keys": [{ "id": keys[0], "locations": ["safe"], "escrowed": true }],
            "upkeep": if upkeep.is_empty() { Value::Null } else { json!(upkeep) },
            "conflicts": [], "notes": [],
        });
        Self { servers, snapshots: named, stores, keys, model }
    }

    /// As a file to import.
    pub fn files(&self) -> Vec<(String, Vec<u8>)> {
        vec![("model.json".to_owned(), self.model.to_string().into_bytes())]
    }

    /// A random disaster of this deployment, in the grammar of cases.
    pub fn disaster(&self, g: &mut Gen) -> String {
        let server = |g: &mut Gen| self.servers[below(g, self.servers.len())].clone();
        let some = |g: &mut Gen| {
            let mut lost: Vec<String> =
                self.servers.iter().filter(|_| bool::arbitrary(g)).cloned().collect();
            if lost.is_empty() {
                lost.push(server(g));
            }
            lost.join(",")
        };
        let snapshot = self.snapshots.get(below(g, self.snapshots.len())).cloned();
        match below(g, 24) {
            0..=2 => format!("lose:{}", some(g)),
            3 => format!("lose:{}", self.servers.join(",")),
            4 => format!("lose-dc:dc{}", 1 + below(g, 2)),
            5 => format!("lose:{}+lose-store:vault", some(g)),
            6 => format!("lose:{}+lose-key:{}", self.servers.join(","), self.keys[0]),
            7 => format!("delete:known@{}", server(g)),
            8 => format!("delete:unknown@{}", server(g)),
            9 => format!("delete:unknown@{}@noticed={}h", server(g), 1 + below(g, 300)),
            10 => format!("lose:{}+delete:unknown@{}", server(g), server(g)),
            11 => format!("ghost:{}", server(g)),
            12 | 20 | 21 => format!("absent:{}={}h", server(g), [5, 300, 800][below(g, 3)]),
            13 => match snapshot {
                Some((id, host)) => format!("rollback:{host}={id}"),
                None => "certs-expired".to_owned(),
            },
            14 => "certs-expired".to_owned(),
            15 => format!("bad-upgrade:{}", server(g)),
            16 | 17 => {
                let cut = 1 + below(g, self.servers.len() - 1);
                let (one, other) = self.servers.split_at(cut);
                let lasts = [6, 100, 400, 900][below(g, 4)];
                format!("partition:{}|{}@noticed={lasts}h", one.join(","), other.join(","))
            }
            18 => format!("clock:{}=+{}h", server(g), 1 + below(g, 60)),
            _ => {
                let segments = self.model["suffixes"]["domain"]["segments"].as_array();
                let names: Vec<&str> =
                    segments.into_iter().flatten().filter_map(|row| row["name"].as_str()).collect();
                format!("cut:{}@noticed=6h", names[below(g, names.len())])
            }
        }
    }
}
