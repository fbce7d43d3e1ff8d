//! Which documented procedure fits a situation, with its steps.
//!
//! Decision table (scenarios B.3): no living server, or an integrated CA without a living replica,
//! needs a copy; a lost renewal server is promoted elsewhere first; otherwise lost replicas are
//! replaced one by one.

use std::collections::BTreeSet;

use super::damage::decide_damage;
use super::restore_point::{CopyForm, RestorePoint, Taken, Usability};
use super::situation::Replica;
use super::{Action, Obstacle, Procedure, Runbook, Situation, Step};
use crate::advise::AGREEMENTS_MIN;
use crate::model::{CaMode, Fqdn, Need, Role, RoleStatus, Suffix};
use crate::time::Timestamp;

/// The procedure that brings a situation back, or why none does.
///
/// Every step of a runbook is accepted by [`Situation::step`] in its order, and at its end every
/// lost server has been replaced.
///
/// # Errors
///
/// Why there is none: impossible, or undecided while a fact is missing.
pub fn plan(situation: &Situation) -> Result<Runbook, Obstacle> {
    let lost = situation.lost().into_iter().cloned().collect();
    let way = decide(situation, &lost, &situation.lost_data_centers)?;
    let planner = Planner::new(situation);
    let steps = match (way.procedure, way.copy) {
        (Procedure::AddLostEntries, Some(point)) => planner.add_lost_entries(point),
        (Procedure::RestoreDataEverywhere, Some(point)) => planner.restore_everywhere(point),
        (_, Some(point)) => planner.isolated().rebuild(point),
        (_, None) => planner.isolated().replace(),
    };
    Ok(Runbook { procedure: way.procedure, scenario: way.scenario, steps })
}

/// What the decision table says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way<'a> {
    /// The procedure.
    pub(crate) procedure: Procedure,
    /// Number of the documented scenario.
    pub(crate) scenario: &'static str,
    /// The copy that it needs.
    pub(crate) copy: Option<&'a RestorePoint>,
}

/// The decision table alone, for a situation without these servers and data centers: which
/// procedure, under which scenario number. Thousands of cases are decided on one situation.
pub(crate) fn decide<'a>(
    situation: &'a Situation,
    lost: &BTreeSet<Fqdn>,
    data_centers: &BTreeSet<String>,
) -> Result<Way<'a>, Obstacle> {
    let ca_less = situation.ca == CaMode::None;
    let taken = Taken { servers: lost, data_centers };
    if let Some(decided) = decide_damage(situation, taken) {
        return decided;
    }
    let mut survivors = situation
        .members
        .iter()
        .filter(|(name, replica)| replica.is_running() && !lost.contains(*name));
    if ca_less {
        if survivors.next().is_none() {
            return from_copies(situation, taken, "B10");
        }
    } else if !survivors.any(|(_, replica)| replica.holds(Role::Ca)) {
        let alive = situation.running().into_iter().any(|name| !lost.contains(name));
        return from_copies(situation, taken, if alive { "B6" } else { "B7" });
    }
    let renewal_lost = !ca_less && situation.renewal.as_ref().is_some_and(|n| lost.contains(n));
    let (procedure, scenario) = match (ca_less, renewal_lost, lost.len()) {
        (_, true, 0 | 1) => (Procedure::ReplaceRenewalServer, "B2"),
        (_, true, _) => (Procedure::ReplaceRenewalServer, "B5"),
        (_, false, 0 | 1) => (Procedure::ReplaceLostReplica, "B1"),
        (true, false, _) => (Procedure::ReplaceLostReplica, "B3"),
        (false, false, _) => (Procedure::ReplaceLostReplica, "B4"),
    };
    Ok(Way { procedure, scenario, copy: None })
}

/// The newest copy from which everything can be rebuilt; else why every server and copy does not
/// help. Undecided while a copy may.
fn from_copies<'a>(
    situation: &'a Situation,
    taken: Taken<'_>,
    scenario: &'static str,
) -> Result<Way<'a>, Obstacle> {
    let lost = taken.servers;
    let needs_ca = situation.ca == CaMode::Integrated;
    let mut reasons = Vec::new();
    let mut needs = Vec::new();
    let mut usable: Vec<&RestorePoint> = Vec::new();
    for (name, replica) in &situation.members {
        reasons.push(if replica.is_running() && !lost.contains(name) {
            format!("{name}: lives, but has no CA: no replica can be installed from it")
        } else if replica.holds(Role::Ca) {
            format!("{name}: server lost, with its CA")
        } else {
            format!("{name}: server lost")
        });
    }
    let since = situation.damage.as_ref().and_then(|damage| damage.since);
    for point in &situation.copies.points {
        if let Some(why) = not_before(point, since) {
            match why {
                Ok(why) => reasons.push(format!("{} {}: {why}", word(point), point.id)),
                Err(need) => needs.push(need),
            }
            continue;
        }
        let has_ca = if needs_ca { point.holds(Role::Ca) } else { Some(true) };
        let member = point.host.as_ref().is_some_and(|host| situation.members.contains_key(host));
        match (point.usability_after(taken), has_ca) {
            (Usability::Unusable(why), _) => {
                reasons.push(format!("{} {}: {why}", word(point), point.id));
            }
            (_, Some(false)) => {
                reasons.push(format!("{} {}: taken on a server without CA", word(point), point.id));
            }
            (Usability::Usable, Some(true)) if member => usable.push(point),
            (Usability::Doubtful(of), _) => needs.extend(of),
            (Usability::Usable, _) => needs.push(Need::CopyUse(point.id.clone())),
        }
    }
    if let Some(best) = usable.into_iter().max_by_key(|point| preference(point)) {
        let procedure = match best.form {
            CopyForm::Snapshot => Procedure::RebuildFromSnapshot,
            CopyForm::Full | CopyForm::Data | CopyForm::Unknown => Procedure::RebuildFromBackup,
        };
        return Ok(Way { procedure, scenario, copy: Some(best) });
    }
    if !situation.copies.is_complete {
        needs.push(Need::Copies);
    }
    needs.sort();
    needs.dedup();
    Err(if needs.is_empty() {
        let still_serving =
            situation.running().into_iter().filter(|name| !lost.contains(*name)).cloned().collect();
        Obstacle::Impossible { scenario, reasons, still_serving }
    } else {
        Obstacle::Undecided { scenario, needs, reasons }
    })
}

/// Why a copy is not from before a damage, or what must be known for that. `None` if it is.
pub(super) fn not_before(
    point: &RestorePoint,
    since: Option<Timestamp>,
) -> Option<Result<String, Need>> {
    let since = since?;
    match point.taken_at {
        Some(taken_at) if taken_at < since => None,
        Some(taken_at) => Some(Ok(format!("taken {taken_at}, after the damage"))),
        None => Some(Err(Need::CopyUse(point.id.clone()))),
    }
}

/// What a copy is, in a reason.
pub(super) fn word(point: &RestorePoint) -> &'static str {
    if point.form == CopyForm::Snapshot { "snapshot" } else { "backup" }
}

/// The copy that loses least: with the most roles, then the newest, then a snapshot (X15).
pub(super) fn preference(point: &RestorePoint) -> (usize, Option<Timestamp>, bool) {
    let roles = point.roles.values().filter(|holds| **holds).count();
    (roles, point.taken_at, point.form == CopyForm::Snapshot)
}

/// Builds a runbook and performs each step on its own copy of the situation.
struct Planner {
    /// As the operator found it.
    before: Situation,
    state: Situation,
    steps: Vec<Step>,
}

impl Planner {
    fn new(situation: &Situation) -> Self {
        Self { before: situation.clone(), state: situation.clone(), steps: Vec::new() }
    }

    fn push(&mut self, action: Action, because: impl Into<String>, check: impl Into<String>) {
        if self.state.step(&action).is_ok() {
            self.steps.push(Step { action, because: because.into(), check: check.into() });
        }
    }

    /// Stops every server whose data is damaged, so that nothing spreads from it any more. They
    /// are given up: never start them again before they are installed anew.
    fn isolated(mut self) -> Self {
        let none = BTreeSet::new();
        let damaged: Vec<Fqdn> = self.state.damaged(&none).into_iter().cloned().collect();
        for server in damaged {
            self.push(
                Action::Isolate { server },
                "its data is damaged, and it would pass that on; stop it at once and never start \
                 it again before it is installed anew",
                "ipactl status: stopped; also keep it from starting with its host",
            );
        }
        self
    }

    /// Members that are lost or given up.
    fn gone(&self) -> Vec<Fqdn> {
        let gone = self.state.members.iter().filter(|(_, replica)| !replica.is_running());
        gone.map(|(name, _)| name.clone()).collect()
    }

    /// Adds what is known to be missing, read from a copy that is restored apart.
    fn add_lost_entries(mut self, point: &RestorePoint) -> Vec<Step> {
        let Some(on) = self.preferred(Role::IpaMaster, None).into_iter().next() else {
            return Vec::new();
        };
        let age = point.taken_at.map_or(String::new(), |at| format!(" of {at}"));
        self.push(
            Action::AddEntries { on: on.clone(), copy: point.id.clone() },
            format!(
                "restore {} {}{age} on a host without any connection to the servers, only to read \
                 from it (`ipa-backup --data` or `db2ldif` there); add the entries here, and \
                 replication carries them everywhere. Passwords, keys and memberships that cannot \
                 be added are set anew",
                point.form.words(),
                point.id
            ),
            "the entries are there on every server: ipa user-show, ipa group-show",
        );
        self.push(
            Action::Verify { server: on },
            "the entries must work, not only be there",
            "a user among them logs in",
        );
        let lost = self.state.lost().len();
        if lost > 0 { self.replace() } else { self.steps }
    }

    /// Goes back to a backup on one server and gives its data to all others.
    fn restore_everywhere(mut self, point: &RestorePoint) -> Vec<Step> {
        let Some(server) = point.host.clone() else { return Vec::new() };
        let age = point.taken_at.map_or(String::new(), |at| format!(" of {at}"));
        self.push(
            Action::RestoreData { copy: point.id.clone(), server: server.clone() },
            format!(
                "the damage is everywhere; backup{age} is from before. All servers must run \
                 meanwhile: `ipa-restore` disables their agreements, and one that it does not \
                 reach has to be installed anew"
            ),
            "ipa user-find: the data is of that time; ipa-replica-manage list -v: the others \
             refuse it (error 19)",
        );
        self.reinitialize_from(&server);
        self.enable_agreements();
        self.join_survivors();
        let running: Vec<Fqdn> = self.state.running().into_iter().cloned().collect();
        for server in &running {
            self.push(
                Action::FlushSssd { server: server.clone() },
                "its caches hold what was after the copy; then restart the host",
                "id admin",
            );
        }
        for server in running {
            self.push(
                Action::Verify { server },
                "every server must serve the same data again",
                "the command answers; with an integrated CA also: ipa cert-show 1",
            );
        }
        let lost = self.state.lost().len();
        if lost > 0 { self.replace() } else { self.steps }
    }

    fn replace(mut self) -> Vec<Step> {
        let lost = self.gone();
        let removed: Vec<(Fqdn, Replica)> = lost
            .iter()
            .filter_map(|name| Some((name.clone(), self.state.members.get(name)?.clone())))
            .collect();
        // Joined first: what is changed next must reach every survivor.
        self.join_survivors();
        self.enable_hidden(&lost);
        self.promote(&lost);
        self.move_crl(&lost);
        for name in &lost {
            self.delete(name);
        }
        for (name, replica) in &removed {
            self.install(name, replica);
        }
        self.push(
            Action::UpdateClients,
            "clients and DNS still name the lost servers",
            "a client logs in; also look at clients with fixed names (sssd.conf, krb5.conf)",
        );
        for (name, _) in &removed {
            self.push(
                Action::Verify { server: name.clone() },
                "the new server must serve",
                "the command answers; with an integrated CA also: ipa cert-show 1",
            );
        }
        self.steps
    }

    /// Steps from a copy on: one server comes back from it, all others are made from that one.
    fn rebuild(mut self, point: &RestorePoint) -> Vec<Step> {
        let Some(server) = point.host.clone() else { return Vec::new() };
        let copy = point.id.clone();
        let age = point.taken_at.map_or(String::new(), |at| format!(" of {at}"));
        if point.form == CopyForm::Snapshot {
            self.push(
                Action::BootSnapshot { copy, server: server.clone() },
                format!("no living server can be the source of others; this snapshot{age} can"),
                "ipactl status; ipa user-find: the data is of that time",
            );
        } else {
            self.push(
                Action::RestoreFull { copy, server: server.clone() },
                format!(
                    "no living server can be the source of others; this backup{age} can. The host \
                     is installed anew with the same name and the same version of IPA first; stop \
                     all other servers meanwhile"
                ),
                "ipactl status; ipa user-find: the data is of that time",
            );
        }
        let lost: Vec<Fqdn> = self.gone();
        let removed: Vec<(Fqdn, Replica)> = lost
            .iter()
            .filter_map(|name| Some((name.clone(), self.state.members.get(name)?.clone())))
            .collect();
        self.catch_up();
        self.enable_hidden(&lost);
        self.promote(&lost);
        self.move_crl(&lost);
        for name in &lost {
            self.delete(name);
        }
        self.reinitialize_from(&server);
        self.join_survivors();
        for (name, replica) in &removed {
            self.install(name, replica);
        }
        self.push(
            Action::FlushSssd { server: server.clone() },
            "its caches hold what was after the copy",
            "id admin",
        );
        self.push(
            Action::UpdateClients,
            "clients and DNS still name the lost servers",
            "a client logs in; also look at clients with fixed names (sssd.conf, krb5.conf)",
        );
        self.push(
            Action::Verify { server },
            "the restored server must serve",
            "the command answers; with an integrated CA also: ipa cert-show 1",
        );
        self.steps
    }

    /// Gives all living servers the data of a restored one, outward from it: until then they refuse
    /// each other.
    fn reinitialize_from(&mut self, restored: &Fqdn) {
        for suffix in Suffix::ALL {
            let generation = |planner: &Self, name: &Fqdn| {
                planner.state.members.get(name)?.generation.get(&suffix).copied()
            };
            let Some(wanted) = generation(self, restored) else { continue };
            loop {
                let running: Vec<Fqdn> = self.state.running().into_iter().cloned().collect();
                let (done, left): (Vec<Fqdn>, Vec<Fqdn>) = running
                    .into_iter()
                    .filter(|name| generation(self, name).is_some())
                    .partition(|name| generation(self, name) == Some(wanted));
                let Some(next) = left.first() else { break };
                let joined = |from: &Fqdn, to: &Fqdn| {
                    self.state.agreements.contains(&(suffix, from.clone(), to.clone()))
                };
                let pair = left.iter().find_map(|to| {
                    let from = done.iter().find(|from| joined(from, to))?;
                    Some((from.clone(), to.clone()))
                });
                let steps = self.steps.len();
                match pair {
                    Some((from, server)) => self.push(
                        Action::Reinitialize { server, from, suffix },
                        "its data is newer than the copy, and both refuse each other until one \
                         takes over the other's",
                        "ipa-replica-manage list -v shows no error",
                    ),
                    None => self.push(
                        Action::AddSegment { suffix, left: restored.clone(), right: next.clone() },
                        "nothing joins it to the restored server",
                        format!("ipa topologysuffix-verify {suffix}"),
                    ),
                }
                if self.steps.len() == steps {
                    break;
                }
            }
        }
    }

    /// Switches agreements on again that a restore has switched off.
    fn enable_agreements(&mut self) {
        let silent: BTreeSet<Fqdn> =
            self.state.disabled.iter().map(|(_, supplier, _)| supplier.clone()).collect();
        for of in silent {
            self.push(
                Action::EnableAgreements { of },
                "the restore switched its agreements off, and re-initializing switches only those \
                 with the server on again that the data came from",
                "ipa-replica-manage list -v: every agreement with a time of its last update",
            );
        }
    }

    /// Re-initializes servers that cannot catch up, each from one that has what it lacks.
    fn catch_up(&mut self) {
        for (suffix, server) in self.state.stale.clone() {
            if !self.state.running().contains(&&server) {
                continue;
            }
            let generation = |planner: &Self, name: &Fqdn| {
                planner.state.members.get(name)?.generation.get(&suffix).copied()
            };
            let role = if suffix == Suffix::Ca { Role::Ca } else { Role::IpaMaster };
            let near = self.state.members.get(&server).cloned();
            let mut sources = self.preferred(role, near.as_ref());
            sources.retain(|name| {
                *name != server
                    && !self.state.stale.contains(&(suffix, name.clone()))
                    && generation(self, name) == generation(self, &server)
                    && self.state.reaches(name, &server)
            });
            let joined = |from: &Fqdn| {
                let arc = (suffix, from.clone(), server.clone());
                self.state.agreements.contains(&arc) && !self.state.cut.contains(&arc)
            };
            let Some(from) = sources.iter().find(|from| joined(from)).or(sources.first()).cloned()
            else {
                continue;
            };
            if !joined(&from) {
                self.push(
                    Action::AddSegment { suffix, left: from.clone(), right: server.clone() },
                    "nothing joins it to a server that has what it lacks; run it on both",
                    format!("ipa topologysuffix-verify {suffix}"),
                );
            }
            self.push(
                Action::Reinitialize { server, from, suffix },
                "the others may have trimmed what it lacks, and take its own new changes for \
                 known: only a re-initialization makes both the same again",
                "ipa-replica-manage list -v shows no error; the newest user is there",
            );
        }
    }

    /// Status of a role on a member.
    fn status(&self, server: &Fqdn, role: Role) -> RoleStatus {
        let replica = self.state.members.get(server);
        replica.and_then(|r| r.roles.get(&role)).copied().unwrap_or(RoleStatus::Absent)
    }

    /// Running members that hold a role, the best to work with first: those that were visible from
    /// the start before others, then those in the data center of `near`, then by name.
    fn preferred(&self, role: Role, near: Option<&Replica>) -> Vec<Fqdn> {
        let center = near.and_then(|replica| replica.data_center.as_ref());
        let mut names: Vec<Fqdn> = match role {
            Role::IpaMaster => self.state.running(),
            _ => self.state.running_with(role),
        }
        .into_iter()
        .cloned()
        .collect();
        names.sort_by_key(|name| {
            let other = self.state.members.get(name).and_then(|r| r.data_center.as_ref());
            let elsewhere = center.is_some() && other != center;
            let was = self.before.members.get(name).and_then(|r| r.roles.get(&role));
            (was != Some(&RoleStatus::Enabled), elsewhere, name.clone())
        });
        names
    }

    /// Enables hidden or configured providers of roles whose visible ones are all lost: `ipa
    /// server-del` counts visible providers only, and a hidden CA cannot renew (X21).
    fn enable_hidden(&mut self, lost: &[Fqdn]) {
        for role in [Role::Ca, Role::Kra, Role::Dns] {
            let was_visible =
                lost.iter().any(|name| self.status(name, role) == RoleStatus::Enabled);
            let Some(best) = self.preferred(role, None).into_iter().next() else { continue };
            if was_visible && self.status(&best, role) != RoleStatus::Enabled {
                self.push(
                    Action::EnableServer { server: best.clone() },
                    format!(
                        "the only {role} left is not visible: lost ones can then not be removed; \
                         hide it again at the end (ipa server-state {best} --state=hidden)"
                    ),
                    format!("ipa server-role-find --server={best}: {role} enabled"),
                );
            }
        }
    }

    /// Makes a living CA replica the renewal server if the old one is lost or not known.
    fn promote(&mut self, lost: &[Fqdn]) {
        if self.state.ca == CaMode::None {
            return;
        }
        let known = self.state.renewal.clone();
        let is_lost = known.as_ref().is_some_and(|name| lost.contains(name));
        let ca_lost = lost.iter().any(|name| self.status(name, Role::Ca).holds_data());
        // A renewal server without the KRA would not renew the KRA's certificates (X17).
        let mut cas = self.preferred(Role::Ca, None);
        let visible = |name: &Fqdn| {
            let was = self.before.members.get(name).and_then(|r| r.roles.get(&Role::Ca));
            was == Some(&RoleStatus::Enabled)
        };
        cas.sort_by_key(|name| (!visible(name), !self.status(name, Role::Kra).holds_data()));
        let Some(ca) = cas.into_iter().next() else { return };
        if is_lost || (known.is_none() && ca_lost) {
            let because = if is_lost {
                "the CA renewal server is lost: internal certificates would stop renewing"
            } else {
                "only if `ipa config-show` names a lost server as the CA renewal master: which \
                 server it is was not in the exports"
            };
            self.push(
                Action::PromoteRenewal { ca: ca.clone() },
                because,
                format!("ipa config-show: IPA CA renewal master: {ca}"),
            );
        }
    }

    /// `ipa server-del` does not move CRL generation.
    fn move_crl(&mut self, lost: &[Fqdn]) {
        let publisher_lost = self.state.crl.iter().any(|name| lost.contains(name));
        let unknown = self.state.crl.is_empty()
            && lost.iter().any(|name| self.status(name, Role::Ca).holds_data());
        let target = self
            .state
            .renewal
            .clone()
            .filter(|name| self.state.running().contains(&name))
            .or_else(|| self.preferred(Role::Ca, None).into_iter().next());
        if let (true, Some(on)) = (publisher_lost || unknown, target) {
            self.push(
                Action::EnableCrl { on: on.clone() },
                if publisher_lost {
                    "the CRL was generated on a lost server and would grow stale"
                } else {
                    "only if `ipa-crlgen-manage status` says disabled on every CA that is left: no \
                     export says which server generates the CRL"
                },
                format!("ipa-crlgen-manage status on {on}: enabled"),
            );
        }
    }

    /// Joins survivors that do not replicate to each other: until then, no change crosses.
    fn join_survivors(&mut self) {
        for suffix in Suffix::ALL {
            let islands = self.state.islands(suffix);
            for pair in islands.windows(2) {
                let (Some(left), Some(right)) = (
                    pair.first().and_then(|island| island.first()).cloned(),
                    pair.last().and_then(|island| island.first()).cloned(),
                ) else {
                    continue;
                };
                self.push(
                    Action::AddSegment { suffix, left, right },
                    "these survivors do not replicate to each other; run it in both groups, \
                     because a segment is itself replicated data",
                    format!("ipa topologysuffix-verify {suffix}"),
                );
            }
        }
    }

    fn delete(&mut self, server: &Fqdn) {
        let Some(from) = self.preferred(Role::IpaMaster, None).into_iter().next() else { return };
        let delete = |ignore_last_of_role, ignore_disconnect| Action::DeleteServer {
            server: server.clone(),
            from: from.clone(),
            ignore_last_of_role,
            ignore_disconnect,
        };
        // The mildest form that is accepted.
        let action = [(false, false), (true, false), (false, true), (true, true)]
            .into_iter()
            .map(|(role, disconnect)| delete(role, disconnect))
            .find(|action| self.state.clone().step(action).is_ok());
        if let Some(action) = action {
            self.push(
                action,
                "a lost server must be removed before its replacement is installed; this cannot be \
                 undone",
                format!("ipa server-find no longer lists {server}"),
            );
        }
    }

    /// Installs a replacement with the roles of the lost server, and a second agreement.
    fn install(&mut self, server: &Fqdn, replica: &Replica) {
        let held = |role: &Role| {
            replica.roles.get(role).is_some_and(|status| status.holds_data())
                && *role != Role::IpaMaster
        };
        let mut roles: BTreeSet<Role> = Role::ALL.into_iter().filter(held).collect();
        if self.state.running_with(Role::Kra).is_empty() {
            // The last KRA's keys are gone; a new KRA is a decision, not a replacement.
            roles.remove(&Role::Kra);
        }
        let with_ca = self.preferred(Role::Ca, Some(replica));
        let any = self.preferred(Role::IpaMaster, Some(replica));
        let Some(source) = with_ca.into_iter().chain(any).next() else { return };
        let hidden = replica.roles.get(&Role::IpaMaster) == Some(&RoleStatus::Hidden);
        self.push(
            Action::InstallReplica {
                server: server.clone(),
                source: source.clone(),
                roles: roles.clone(),
                hidden,
            },
            if self.state.ca == CaMode::None {
                "replaces the lost server; a fresh host of the same version or newer. DOMAIN is \
                 what `ipa env domain` prints there. Without a CA, the installation also needs the \
                 new server's certificates (--dirsrv-cert-file, --http-cert-file)"
            } else {
                "replaces the lost server; a fresh host of the same version or newer. DOMAIN is \
                 what `ipa env domain` prints on a living server"
            },
            format!("ipa server-role-find --server={server}"),
        );
        for suffix in Suffix::ALL {
            if suffix == Suffix::Ca && !roles.contains(&Role::Ca) {
                continue;
            }
            let role = if suffix == Suffix::Ca { Role::Ca } else { Role::IpaMaster };
            let mut peers = self.preferred(role, Some(replica));
            peers.retain(|name| name != server);
            let joined = |peer: &&Fqdn| {
                self.state.agreements.contains(&(suffix, server.clone(), (*peer).clone()))
            };
            let count = peers.iter().filter(joined).count();
            let next = peers.iter().find(|peer| !joined(peer)).cloned();
            if let (true, Some(right)) = (count < AGREEMENTS_MIN, next) {
                self.push(
                    Action::AddSegment { suffix, left: server.clone(), right },
                    "a second agreement, so that no single server connects the new one",
                    format!("ipa topologysuffix-verify {suffix}"),
                );
            }
        }
    }
}
