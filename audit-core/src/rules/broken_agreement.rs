//! REP001 `broken-agreement`.

use std::collections::{BTreeMap, BTreeSet};

use crate::advise::{Edit, Repair};
use crate::declare_rule;
use crate::evidence::Sources;
use crate::model::{
    AgreementKey, AgreementState, Deployment, Direction, Fqdn, Need, Segment, SegmentKey, Suffix,
};
use crate::rule::{Failure, Judgement, Severity, State};
use crate::rule_parts::per_carrier;
use crate::views::agreements::{Condition, evidence, generation};
use crate::views::{SuffixView, Views};

declare_rule! {
    /// Flags a server that has a replication agreement which is disabled, missing or fails.
    ///
    /// # Why this matters
    ///
    /// A topology on paper sends nothing. Changes made on the server do not leave it by this way,
    /// and are lost with it; every recovery by replication stops where an agreement does. An
    /// agreement that was disabled for a restore and forgotten keeps a server apart for good, or
    /// brings back what the restore took away (critical).
    ///
    /// # What it reads
    ///
    /// The agreements that each server stores for each suffix, with `nsds5ReplicaEnabled` and the
    /// status of the last update (export of each server), the segments, which say which agreements
    /// there must be, and the database generations (RUV).
    ///
    /// # Verdicts
    ///
    /// * pass: every agreement that a segment asks for is there and enabled, and its last update
    ///   succeeded or waits for its turn ("busy");
    /// * fail: one is disabled, or its segment is; or it reports an error that does not mend
    ///   itself; or a segment asks for it, and the server's complete list of agreements lacks it.
    ///   Critical if a disabled one joins databases of different generations, which a restore
    ///   leaves behind;
    /// * not applicable: the server replicates with nobody;
    /// * unknown: the segments are not known, or the agreement or its state, or there was no update
    ///   yet.
    ///
    /// The color that `dsconf` shows is not used: it is green for a disabled agreement.
    ///
    /// # Fix
    ///
    /// `ipa topologysegment-mod SUFFIX SEGMENT --enabled=on` where no restore is under way;
    /// `ipa-replica-manage re-initialize --from=SUPPLIER` on a consumer that can no longer be
    /// served.
    ///
    /// # Source
    ///
    /// Performing disaster recovery with Identity Management (RHEL 10), section 4.2 step 5, and
    /// 5.1: check the replication; agreements are disabled before a restore. 389-ds
    /// `lib389/replica.py`: DSREPLLE0001, DSREPLLE0003, DSREPLLE0005.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1", "ca": "none",
    ///   "servers": [{"fqdn": "a.example.test"}, {"fqdn": "b.example.test"}],
    ///   "suffixes": {"domain": {"known": true, "segments": [{"left": "a.example.test",
    ///     "right": "b.example.test"}]}},
    ///   "agreements": [{"on": "a.example.test", "suffix": "domain", "peer": "b.example.test",
    ///     "enabled": false, "state": "ok"}]}"#;
    /// assert_eq!(status_on_model("REP001", model), Some(Status::Fail));
    /// ```
    BrokenAgreement {
        code: "REP001",
        name: "broken-agreement",
        rule: "repl-agreement-errors",
        fails: "A replication agreement is disabled, missing or fails",
        holds: "Every replication agreement works",
        severity: High,
        category: Proof,
        citation: "Performing disaster recovery with IdM (RHEL 10) 4.2",
        origin: Companion,
        supersedes: ["TOP010"],
        grouping: PerSubject,
    }
    check
}

fn check(deployment: &Deployment, views: &Views) -> Vec<Judgement> {
    per_carrier(deployment, views, &Suffix::ALL, |view, carriers| {
        let stored = Stored::new(deployment, view);
        carriers.iter().map(|server| stored.state(deployment, view, server)).collect()
    })
}

/// What each server stores of one suffix.
struct Stored<'a> {
    /// True if the segments are known.
    known: bool,
    /// What is missing to know which agreements there must be.
    needs: Vec<Need>,
    /// Consumers of agreements that some input shows, by supplier.
    agreements: BTreeMap<&'a Fqdn, BTreeSet<&'a Fqdn>>,
    /// Disabled segments by supplier and consumer.
    disabled: BTreeMap<&'a Fqdn, BTreeMap<&'a Fqdn, &'a Segment>>,
}

impl<'a> Stored<'a> {
    fn new(deployment: &'a Deployment, view: &SuffixView) -> Self {
        let suffix = view.suffix;
        let mut agreements: BTreeMap<&Fqdn, BTreeSet<&Fqdn>> = BTreeMap::new();
        for key in deployment.observed.agreements.keys().filter(|key| key.suffix == suffix) {
            agreements.entry(&key.on).or_default().insert(&key.peer);
        }
        let mut disabled: BTreeMap<&Fqdn, BTreeMap<&Fqdn, &Segment>> = BTreeMap::new();
        let segments = &deployment.topology(suffix).segments;
        for segment in segments.iter().filter(|segment| segment.enabled == Some(false)) {
            let (left, right) = (&segment.key.left, &segment.key.right);
            if segment.key.direction != Direction::RightLeft {
                disabled.entry(left).or_default().insert(right, segment);
            }
            if segment.key.direction != Direction::LeftRight {
                disabled.entry(right).or_default().insert(left, segment);
            }
        }
        let known = deployment.topology(suffix).is_known();
        Self { known, needs: view.needs(deployment), agreements, disabled }
    }

    fn state(&self, deployment: &Deployment, view: &SuffixView, server: &Fqdn) -> State {
        let suffix = view.suffix;
        let certain = view.certain.partners(server).consumers;
        let possible = view.possible.partners(server).consumers;
        let stored = self.agreements.get(server);
        let off = self.disabled.get(server);
        let mut peers: BTreeSet<&Fqdn> = certain.iter().chain(&possible).collect();
        peers.extend(stored.into_iter().flatten());
        peers.extend(off.into_iter().flat_map(BTreeMap::keys));
        if peers.is_empty() && self.known {
            return State::NotApplicable("the server replicates with nobody");
        }
        let mut broken = Vec::new();
        let mut unknown = false;
        for peer in peers {
            let key = AgreementKey { on: server.clone(), suffix, peer: peer.clone() };
            let segment = off.and_then(|off| off.get(peer)).copied();
            let condition = match Condition::of(&deployment.observed, &key) {
                // Another segment may still join the two.
                _ if segment.is_some() && !possible.contains(peer) => Condition::Disabled,
                // Only a segment for sure asks for an agreement.
                Condition::Missing if !certain.contains(peer) => Condition::Unknown,
                condition => condition,
            };
            unknown |= condition == Condition::Unknown;
            if condition.is_broken() {
                broken.push(Broken { key, condition, segment });
            }
        }
        if !broken.is_empty() {
            return fail(deployment, server, suffix, &broken);
        }
        let mut needs = self.needs.clone();
        if unknown || (stored.is_none() && !needs.is_empty()) {
            needs.push(Need::Agreements(server.clone(), suffix));
        }
        if needs.is_empty() { State::Pass } else { State::Unknown(needs) }
    }
}

/// An agreement that does not work.
struct Broken<'a> {
    key: AgreementKey,
    condition: Condition,
    /// The disabled segment that it belongs to.
    segment: Option<&'a Segment>,
}

impl Broken<'_> {
    /// True if it is disabled between databases of different generations.
    fn is_left_by_restore(&self, deployment: &Deployment) -> bool {
        let of = |server| generation(&deployment.observed, server, self.key.suffix);
        let generations = (of(&self.key.on), of(&self.key.peer));
        self.condition == Condition::Disabled
            && matches!(generations, (Some(own), Some(other)) if own != other)
    }

    /// What makes it work; nothing if no command does, or if it would undo a restore.
    fn edits(&self, deployment: &Deployment) -> Vec<Edit> {
        let AgreementKey { on, suffix, peer } = &self.key;
        match self.condition {
            Condition::Disabled if !self.is_left_by_restore(deployment) => {
                let topology = deployment.topology(*suffix);
                let joins = |segment: &&Segment| segment.touches(on) && segment.touches(peer);
                let mut keys: Vec<SegmentKey> =
                    topology.segments.iter().filter(joins).map(|s| s.key.clone()).collect();
                if keys.is_empty() && !topology.is_known() {
                    // There is one, but no export names it.
                    let (left, right) = (on.clone(), peer.clone());
                    keys.push(SegmentKey { left, right, direction: Direction::Both, name: None });
                }
                keys.into_iter().map(|key| Edit::EnableSegment { suffix: *suffix, key }).collect()
            }
            Condition::Failing(AgreementState::Stuck) if deployment.servers.contains_key(peer) => {
                let (server, from) = (peer.clone(), on.clone());
                vec![Edit::Reinitialize { suffix: *suffix, server, from }]
            }
            _ => Vec::new(),
        }
    }
}

fn fail(deployment: &Deployment, server: &Fqdn, suffix: Suffix, broken: &[Broken<'_>]) -> State {
    let mut sources = Sources::new();
    for one in broken {
        sources.extend(evidence(&deployment.observed, &one.key));
        sources.extend(one.segment.iter().flat_map(|segment| segment.sources.iter().cloned()));
    }
    let after_restore = broken.iter().any(|one| one.is_left_by_restore(deployment));
    let parts: Vec<String> =
        broken.iter().map(|one| format!("to {} ({})", one.key.peer, one.condition)).collect();
    let restore = if after_restore {
        " A restore left them so: re-initialize the server that was not restored before enabling."
    } else {
        ""
    };
    // A remedy for some of them would not mend the finding.
    let edits: Vec<Vec<Edit>> = broken.iter().map(|one| one.edits(deployment)).collect();
    let whole = edits.iter().all(|edits| !edits.is_empty());
    State::Fail(Box::new(Failure {
        severity: if after_restore { Severity::Critical } else { Severity::High },
        subjects: vec![server.to_string()],
        why: format!(
            "Agreements of {server} in suffix {suffix} do not work: {}.{restore}",
            parts.join(", ")
        ),
        evidence: sources,
        repair: whole.then(|| Repair::Edits(edits.concat())),
    }))
}
