//! The steps of the procedure that fits a situation, with this deployment's names.

use std::collections::{BTreeMap, BTreeSet};

use super::decision::decide;
use super::restore_point::{CopyForm, RestorePoint, Taken};
use super::situation::Replica;
use super::{Action, Obstacle, Presence, Procedure, Runbook, Situation, Step};
use crate::advise::{AGREEMENTS_MIN, quote};
use crate::model::{CaMode, Fqdn, Role, RoleStatus, Suffix};

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
    let taken = Taken { servers: &lost, data_centers: &situation.lost_data_centers };
    let way = decide(situation, taken)?;
    let mut planner = Planner::new(situation);
    match (way.procedure, way.copy) {
        (Procedure::NothingToDo, _) => {}
        (Procedure::AddLostEntries, Some(point)) => {
            planner.mend();
            planner.add_lost_entries(point);
        }
        (Procedure::RestoreDataEverywhere, Some(point)) => {
            planner.mend();
            planner.restore_everywhere(point);
        }
        (Procedure::RestoreKra, Some(point)) => {
            planner.mend();
            planner.restore_kra(point);
            planner.replace();
        }
        (_, Some(point)) => {
            planner.isolate();
            planner.mend();
            planner.rebuild(point);
        }
        (_, None) => {
            planner.isolate();
            planner.mend();
            if planner.gone().is_empty() {
                planner.finish();
            } else {
                planner.replace();
            }
        }
    }
    Ok(Runbook {
        procedure: way.procedure,
        scenario: way.row.scenario,
        also: way.also,
        citation: way.row.citation,
        steps: planner.steps,
    })
}

/// The tool that manages the agreements of a suffix.
fn manage(suffix: Suffix) -> &'static str {
    match suffix {
        Suffix::Domain => "ipa-replica-manage",
        Suffix::Ca => "ipa-csreplica-manage",
    }
}

/// What `ipa-restore` asks for.
fn needs_at_hand(point: &RestorePoint) -> String {
    let key = point.key.as_ref().map_or(String::new(), |key| {
        format!(", with key {key} and its passphrase in root's GnuPG keyring")
    });
    format!(
        " Copy the backup's folder to this host first, not below /tmp or /var/tmp{key}; the \
         password of the Directory Manager is asked for"
    )
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
        let commands = self.commands(&action);
        let on = action.runs_on().cloned().or_else(|| {
            // Not on a server that the action is about to change.
            let mut best = self.preferred(Role::IpaMaster, None);
            best.retain(|name| !self.state.expired.contains(name));
            best.into_iter().next().filter(|_| action.is_ipa_command())
        });
        if self.state.step(&action).is_ok() {
            let (because, check) = (because.into(), check.into());
            self.steps.push(Step { action, commands, on, because, check });
        }
    }

    /// Commands with the deployment's domain and the copy's folder, where they are known.
    fn commands(&self, action: &Action) -> Vec<String> {
        let folder = |copy: &String| {
            let point = self.state.copies.find(copy)?;
            point.path.as_ref().map(|path| quote(path))
        };
        match action {
            Action::RestoreFull { copy, .. } => match folder(copy) {
                Some(path) => vec![format!("ipa-restore {path}")],
                None => action.commands(),
            },
            Action::RestoreData { copy, .. } => match folder(copy) {
                Some(path) => vec![format!("ipa-restore --data {path}")],
                None => action.commands(),
            },
            _ => {
                let mut commands = action.commands();
                if let Some(domain) = &self.before.domain {
                    for command in &mut commands {
                        *command = command.replace("=DOMAIN", &format!("={domain}"));
                    }
                }
                commands
            }
        }
    }

    /// Brings back what is not lost: clocks, network, servers that were away, certificates.
    fn mend(&mut self) {
        for server in self.state.clocks.clone().into_keys() {
            self.push(
                Action::SetClock { server },
                "its clock is wrong: Kerberos refuses more than five minutes, replication more \
                 than a day",
                "chronyc tracking: the system time is within a second",
            );
        }
        self.reconnect();
        let absent = self.state.members.iter().filter(|(_, r)| r.presence == Presence::Absent);
        let absent: Vec<Fqdn> = absent.map(|(name, _)| name.clone()).collect();
        if !absent.is_empty() {
            self.bridge();
        }
        for server in absent {
            self.push(
                Action::StartServer { server: server.clone() },
                "it was away with its disk whole: the others have kept what it lacks as long as \
                 they have agreements with it; do not remove it with ipa server-del",
                "ipactl status; ipa-replica-manage list -v: its agreements without an error \
                 within five minutes",
            );
        }
        self.renew_certificates();
        self.catch_up();
    }

    /// Joins what the network or a failed segment has parted.
    fn reconnect(&mut self) {
        if !self.state.is_parted() {
            return;
        }
        let is_long = self.state.interrupted_for() > self.state.merges_within();
        if self.state.partitions.is_empty() && !is_long {
            self.join_survivors();
        }
        if self.state.is_parted() {
            self.push(
                Action::RestoreNetwork,
                "servers do not reach each other. Until it is mended decide nothing for the other \
                 side: remove none of its servers, promote no second CA renewal server, add no \
                 user or group on both sides",
                "ipa-replica-manage list -v on both sides: no error within five minutes; then \
                 ldapsearch '(&(objectclass=ldapsubentry)(nsds5ReplConflict=*))' for entries that \
                 both sides have made",
            );
        }
    }

    /// Renews what has expired: on a CA replica first, if none is valid; the others get theirs from
    /// it.
    fn renew_certificates(&mut self) {
        if self.state.expired.is_empty() {
            return;
        }
        let mut from = None;
        if self.state.ca == CaMode::Integrated {
            let mut cas = self.preferred(Role::Ca, None);
            // A CA whose own certificates are valid issues new ones for all others.
            cas.sort_by_key(|name| {
                (self.state.expired.contains(name), self.state.renewal.as_ref() != Some(name))
            });
            let Some(on) = cas.into_iter().next() else { return };
            if self.state.expired.contains(&on) {
                self.push(
                    Action::FixCertificates { on: on.clone() },
                    "nothing starts with expired certificates; ipa-cert-fix lists them, asks \
                     once, and makes this server the CA renewal server",
                    format!(
                        "getcert list: no expired certificate; ipactl status; ipa config-show: \
                         {on}"
                    ),
                );
            }
            from = Some(on);
        }
        let running: Vec<Fqdn> = self.state.running().into_iter().cloned().collect();
        for server in running {
            if self.state.expired.contains(&server) {
                self.push(
                    Action::RenewCertificates { server, from: from.clone() },
                    match &from {
                        Some(ca) => format!(
                            "its own certificates have expired, too; {ca} issues new ones. If it \
                             has a CA and that does not start, run ipa-cert-fix here as well"
                        ),
                        None => "its certificates have expired; the outside CA issues new ones"
                            .to_owned(),
                    },
                    "getcert list: MONITORING, no expired certificate; ipactl status",
                );
            }
        }
    }

    /// Stops every server whose data is damaged, so that nothing spreads from it any more. They
    /// are given up: never start them again before they are installed anew.
    fn isolate(&mut self) {
        let none = BTreeSet::new();
        let damaged: Vec<Fqdn> = self.state.damaged(&none).into_iter().cloned().collect();
        for server in damaged {
            self.push(
                Action::Isolate { server },
                "its data is damaged, and it would pass that on; stop it at once and never start \
                 it again before it is installed anew",
                "ipactl status: stopped; also keep it from starting with its host: systemctl \
                 disable ipa",
            );
        }
    }

    /// Members that are lost or given up.
    fn gone(&self) -> Vec<Fqdn> {
        let gone = self.state.members.iter().filter(|(_, replica)| !replica.is_running());
        gone.map(|(name, _)| name.clone()).collect()
    }

    /// Members that are lost or given up, as they were.
    fn removed(&self) -> Vec<(Fqdn, Replica)> {
        let of = |name: Fqdn| {
            let replica = self.state.members.get(&name)?.clone();
            Some((name, replica))
        };
        self.gone().into_iter().filter_map(of).collect()
    }

    /// Adds what is known to be missing, read from a copy that is restored apart.
    fn add_lost_entries(&mut self, point: &RestorePoint) {
        let none = BTreeSet::new();
        let age = point.taken_at.map_or(String::new(), |at| format!(" of {at}"));
        // One for each group of servers that the others' changes do not reach.
        for on in self.preferred(Role::IpaMaster, None) {
            if self.state.damaged(&none).contains(&&on) {
                self.add_lost_entries_on(&on, point, &age);
            }
        }
        if !self.gone().is_empty() {
            self.replace();
        }
    }

    fn add_lost_entries_on(&mut self, on: &Fqdn, point: &RestorePoint, age: &str) {
        self.push(
            Action::AddEntries { on: on.clone(), copy: point.id.clone() },
            format!(
                "restore {} {}{age} on a host without any connection to the servers, only to read \
                 from it: `dsctl INSTANCE db2ldif userroot` there, and cut what is missing out \
                 into lost-entries.ldif, without operational attributes. Add it here, and \
                 replication carries it everywhere. Passwords, keys and memberships that cannot \
                 be added are set anew",
                point.form.words(),
                point.id
            ),
            "the entries are there on every server: ipa user-show, ipa group-show",
        );
        self.push(
            Action::Verify { server: on.clone() },
            "the entries must work, not only be there",
            "a user among them logs in",
        );
    }

    /// Goes back to a backup on one server and gives its data to all others.
    fn restore_everywhere(&mut self, point: &RestorePoint) {
        let Some(server) = point.host.clone() else { return };
        let age = point.taken_at.map_or(String::new(), |at| format!(" of {at}"));
        self.push(
            Action::RestoreData { copy: point.id.clone(), server: server.clone() },
            format!(
                "the damage is everywhere; backup{age} is from before. All servers must run \
                 meanwhile: `ipa-restore` disables their agreements, and one that it does not \
                 reach has to be installed anew.{} The same with Ansible: role ipabackup with \
                 state: restored; it asks nothing, whatever versions differ",
                needs_at_hand(point)
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
        if !self.gone().is_empty() {
            self.replace();
        }
    }

    /// Starts the VM of a snapshot.
    fn boot(&mut self, point: &RestorePoint, server: &Fqdn, because: &str) {
        let age = point.taken_at.map_or(String::new(), |at| format!(" of {at}"));
        self.push(
            Action::BootSnapshot { copy: point.id.clone(), server: server.clone() },
            format!("{because}; snapshot {}{age} can", point.id),
            "ipactl status; ipa user-find: the data is of that time; nothing in \
             /var/log/dirsrv/slapd-*/errors about a change that has been purged",
        );
    }

    /// Brings a KRA's keys back: they are files of one server, in no other's data.
    fn restore_kra(&mut self, point: &RestorePoint) {
        let Some(server) = point.host.clone() else { return };
        let because = "the keys of all vaults were on this server only, and no living server can \
                       bring them back";
        if point.form == CopyForm::Snapshot {
            self.boot(point, &server, because);
            self.catch_up();
            return;
        }
        let age = point.taken_at.map_or(String::new(), |at| format!(" of {at}"));
        self.push(
            Action::RestoreFull { copy: point.id.clone(), server: server.clone() },
            format!(
                "{because}; this backup{age} can. The host is installed anew with the same name \
                 and the same version of IPA first. Its data gets a generation of its own, which \
                 the others refuse.{}",
                needs_at_hand(point)
            ),
            "ipactl status: pki-tomcatd runs",
        );
        for suffix in Suffix::ALL {
            let role = if suffix == Suffix::Ca { Role::Ca } else { Role::IpaMaster };
            let near = self.state.members.get(&server).cloned();
            let mut sources = self.preferred(role, near.as_ref());
            sources.retain(|name| *name != server);
            self.take_over_from(&server, suffix, &sources, "its data is older than the others'");
        }
        self.catch_up();
    }

    fn replace(&mut self) {
        let removed = self.removed();
        let lost: Vec<Fqdn> = removed.iter().map(|(name, _)| name.clone()).collect();
        // Joined first: what is changed next must reach every survivor.
        self.join_survivors();
        self.enable_hidden(&lost);
        self.promote(&lost);
        self.move_crl(&lost);
        self.bring_back_dns(&lost);
        for (name, replica) in &removed {
            self.uninstall(name, replica);
            self.delete(name);
        }
        self.give_ids();
        self.clean_ruv();
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
        self.finish();
    }

    /// What is left to do when every server runs again.
    fn finish(&mut self) {
        self.enable_agreements();
        self.renew_certificates();
        self.catch_up();
        self.join_survivors();
        self.clean_ruv();
        if self.removed_none() {
            let running: Vec<Fqdn> = self.state.running().into_iter().cloned().collect();
            let touched: Vec<Fqdn> = running
                .into_iter()
                .filter(|name| {
                    self.steps.iter().any(|step| step.action.runs_on() == Some(name))
                        || self.before.set_back.contains_key(name)
                })
                .collect();
            for server in touched {
                self.push(
                    Action::Verify { server },
                    "it must serve, with the same data as the others",
                    "the command answers; with an integrated CA also: ipa cert-show 1; \
                     ipa-healthcheck --failures-only: nothing about replication",
                );
            }
        }
    }

    /// True if no server had to be removed.
    fn removed_none(&self) -> bool {
        !self.steps.iter().any(|step| matches!(step.action, Action::DeleteServer { .. }))
    }

    /// Steps from a copy on: one server comes back from it, all others are made from that one.
    fn rebuild(&mut self, point: &RestorePoint) {
        let Some(server) = point.host.clone() else { return };
        let copy = point.id.clone();
        let age = point.taken_at.map_or(String::new(), |at| format!(" of {at}"));
        if point.form == CopyForm::Snapshot {
            let because = if self.state.damage.is_some() {
                "no server has the data from before the damage. Start it in a network of its own, \
                 so that no old server reaches it"
            } else if self.state.running().is_empty() {
                "no living server can be the source of others"
            } else {
                "no living server has a CA, so none can be the source of others. Those that live \
                 keep their newer identity data: this server gets it from them, and brings the CA \
                 back"
            };
            self.boot(point, &server, because);
        } else {
            self.push(
                Action::RestoreFull { copy, server: server.clone() },
                format!(
                    "no living server can be the source of others; this backup{age} can. The host \
                     is installed anew with the same name and the same version of IPA first; stop \
                     all other servers meanwhile.{}",
                    needs_at_hand(point)
                ),
                "ipactl status; ipa user-find: the data is of that time",
            );
        }
        let removed = self.removed();
        let lost: Vec<Fqdn> = removed.iter().map(|(name, _)| name.clone()).collect();
        self.renew_certificates();
        self.catch_up();
        // Until the others have its data, what is changed on one side never reaches the other.
        self.reinitialize_from(&server);
        self.enable_agreements();
        self.enable_hidden(&lost);
        self.promote(&lost);
        self.move_crl(&lost);
        for (name, replica) in &removed {
            self.uninstall(name, replica);
            self.delete(name);
        }
        self.join_survivors();
        self.give_ids();
        self.clean_ruv();
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
        self.finish();
    }

    /// A host whose services were stopped or do not start is freed for its replacement.
    fn uninstall(&mut self, server: &Fqdn, replica: &Replica) {
        if matches!(replica.presence, Presence::Isolated | Presence::Broken) {
            self.push(
                Action::Uninstall { server: server.clone(), force: true },
                "it is given up; keep it from the network until this is done, so that it sends \
                 nothing. Copies on its disk are moved elsewhere first",
                "ipactl status: IPA is not configured",
            );
        }
    }

    /// IdM's DNS is data of suffix `domain`: every server can serve it.
    fn bring_back_dns(&mut self, lost: &[Fqdn]) {
        let had = lost.iter().any(|name| self.status(name, Role::Dns).holds_data());
        if !had || !self.state.running_with(Role::Dns).is_empty() {
            return;
        }
        let Some(server) = self.preferred(Role::IpaMaster, None).into_iter().next() else { return };
        self.push(
            Action::AddRole { server: server.clone(), role: Role::Dns },
            "no server that is left resolves names; the zones are replicated data, so any server \
             can serve them",
            format!(
                "dig @{server} SRV _kerberos._udp.DOMAIN; then point resolv.conf of clients there"
            ),
        );
    }

    /// The ids that a removed server had left are nobody's (X9).
    fn give_ids(&mut self) {
        let lost = self.before.ids.keys().any(|name| !self.state.members.contains_key(name));
        let running = self.state.running();
        if !lost || running.iter().any(|name| self.state.ids.contains_key(*name)) {
            return;
        }
        let Some(on) = self.preferred(Role::IpaMaster, None).into_iter().next() else { return };
        let range = self.state.lost_ids.first().copied();
        self.push(
            Action::SetDnaRange { on: on.clone(), range },
            "the last server with ids to hand out is gone: without a range no user or group can \
             be added. The range is what the exports show as left; some of it may have been used \
             since. Look for the highest uidNumber and gidNumber in use and begin above it",
            format!("ipa-replica-manage dnarange-show {on}; then ipa user-add of a test user"),
        );
    }

    /// Replica ids of hosts that are gone stay in RUVs until somebody removes them.
    fn clean_ruv(&mut self) {
        let members = &self.state.members;
        if self.state.dangling.iter().all(|host| members.contains_key(host)) {
            return;
        }
        let Some(on) = self.preferred(Role::IpaMaster, None).into_iter().next() else { return };
        self.push(
            Action::CleanDanglingRuv { on },
            "the replica ids of removed servers stay in every RUV and slow replication down. It \
             waits for servers that it does not reach",
            "ipa-replica-manage list-ruv: one id per server and suffix, and no other host",
        );
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
                    let arc = (suffix, from.clone(), to.clone());
                    self.state.agreements.contains(&arc)
                        && !self.state.cut.contains(&arc)
                        && self.state.reaches(from, to)
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
                        format!("{} list -v shows no error", manage(suffix)),
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
        if !self.state.stale.is_empty() {
            self.bridge();
        }
        // One that is made whole may leave those behind it in doubt.
        let mut tried: BTreeSet<(Suffix, Fqdn)> = BTreeSet::new();
        loop {
            let left = |of: &&(Suffix, Fqdn)| {
                !tried.contains(*of) && self.state.running().contains(&&of.1)
            };
            let Some((suffix, server)) = self.state.stale.iter().find(left).cloned() else { break };
            tried.insert((suffix, server.clone()));
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
            self.take_over_from(
                &server,
                suffix,
                &sources,
                "the others may have trimmed what it lacks, and take its own new changes for \
                 known",
            );
        }
    }

    /// Re-initializes a server from the first of these that has an agreement with it, else from
    /// the first after joining both.
    fn take_over_from(&mut self, server: &Fqdn, suffix: Suffix, sources: &[Fqdn], why: &str) {
        let joined = |from: &&Fqdn| {
            let arc = (suffix, (*from).clone(), server.clone());
            self.state.agreements.contains(&arc) && !self.state.cut.contains(&arc)
        };
        let known = sources.iter().find(joined).cloned();
        let Some(from) = known.clone().or_else(|| sources.first().cloned()) else { return };
        if known.is_none() {
            self.push(
                Action::AddSegment { suffix, left: from.clone(), right: server.clone() },
                "nothing joins it to a server that has what it lacks; run it on both, because a \
                 segment is itself replicated data",
                format!("ipa topologysuffix-verify {suffix}"),
            );
        }
        self.push(
            Action::Reinitialize { server: server.clone(), from: from.clone(), suffix },
            format!(
                "{why}: only a re-initialization makes both the same again. Mind the direction: \
                 the data of {server} is replaced by that of {from}"
            ),
            format!("{} list -v shows no error; the newest entry is there", manage(suffix)),
        );
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
            let before = self.before.members.get(name);
            let was = before.and_then(|r| r.roles.get(&role));
            // A replacement is the last one to rely on.
            let is_new = before.is_none_or(|replica| {
                matches!(replica.presence, Presence::Lost | Presence::Broken)
            });
            (is_new, was != Some(&RoleStatus::Enabled), elsewhere, name.clone())
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
        self.join_islands(|_, _| true);
    }

    /// Joins servers that only one that is behind connects. What it is given in a re-initialization
    /// is not in its changelog, so it could not pass it on to them (fidelity R5).
    fn bridge(&mut self) {
        let stale = self.state.stale.clone();
        let generations: BTreeMap<Suffix, BTreeSet<u32>> = Suffix::ALL
            .into_iter()
            .map(|suffix| {
                let running = self.state.members.values().filter(|replica| replica.is_running());
                let of = running.filter_map(|replica| replica.generation.get(&suffix).copied());
                (suffix, of.collect())
            })
            .collect();
        self.join_islands(|suffix, name| {
            let is_one = generations.get(&suffix).is_some_and(|all| all.len() == 1);
            is_one && !stale.contains(&(suffix, name.clone()))
        });
    }

    /// Joins groups of these servers that do not replicate to each other.
    fn join_islands(&mut self, counts: impl Fn(Suffix, &Fqdn) -> bool) {
        for suffix in Suffix::ALL {
            let mut islands = self.state.islands(suffix);
            islands.retain(|island| island.iter().all(|name| counts(suffix, name)));
            for pair in islands.windows(2) {
                let [one, other] = pair else { continue };
                // Two that nothing joins yet: a segment that failed is not made again.
                let free = |left: &Fqdn, right: &Fqdn| {
                    let arcs = [
                        (suffix, left.clone(), right.clone()),
                        (suffix, right.clone(), left.clone()),
                    ];
                    self.state.reaches(left, right)
                        && !arcs.iter().all(|arc| self.state.agreements.contains(arc))
                };
                let best = |island: &[Fqdn]| {
                    let role = if suffix == Suffix::Ca { Role::Ca } else { Role::IpaMaster };
                    let order = self.preferred(role, None);
                    let mut names = island.to_vec();
                    names.sort_by_key(|name| {
                        let place = order.iter().position(|other| other == name);
                        (!self.keeps_for_absent(suffix, name), place)
                    });
                    names
                };
                let others = best(other);
                let found = best(one).into_iter().find_map(|left| {
                    let right = others.iter().find(|right| free(&left, right))?.clone();
                    Some((left, right))
                });
                let Some((left, right)) = found else { continue };
                self.push(
                    Action::AddSegment { suffix, left, right },
                    "these survivors do not replicate to each other; run it in both groups, \
                     because a segment is itself replicated data",
                    format!("ipa topologysuffix-verify {suffix}"),
                );
            }
        }
    }

    /// True if a server keeps all changes since another went away: it has an agreement with it, and
    /// trims nothing that its consumers lack (389-ds `cl5_api.c`). Others may have trimmed what
    /// groups that the absent server had joined need of each other.
    fn keeps_for_absent(&self, suffix: Suffix, name: &Fqdn) -> bool {
        let mut members = self.state.members.iter();
        members.any(|(other, replica)| {
            replica.presence == Presence::Absent
                && self.state.agreements.contains(&(suffix, name.clone(), other.clone()))
        })
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
            let mut because =
                "a lost server must be removed before its replacement is installed".to_owned();
            if let Action::DeleteServer { ignore_last_of_role, ignore_disconnect, .. } = &action {
                if *ignore_last_of_role {
                    because.push_str(
                        "; without the option the tool refuses the last visible server with a \
                         role, and the DNSSEC key master",
                    );
                }
                if *ignore_disconnect {
                    because.push_str(
                        "; the check of the topology counts lost servers and would refuse",
                    );
                }
            }
            self.push(action, because, format!("ipa server-find no longer lists {server}"));
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
        let domain = match &self.before.domain {
            Some(_) => "",
            None => ". Fill in DOMAIN: what `ipa env domain` prints on a living server",
        };
        self.push(
            Action::InstallReplica {
                server: server.clone(),
                source: source.clone(),
                roles: roles.clone(),
                hidden,
            },
            if self.state.ca == CaMode::None {
                format!(
                    "replaces the lost server; a fresh host of the same version or newer{domain}. \
                     Without a CA, the installation also needs the new server's certificates \
                     (--dirsrv-cert-file, --http-cert-file)"
                )
            } else {
                format!(
                    "replaces the lost server; a fresh host of the same version or newer{domain}"
                )
            },
            format!("ipa server-role-find --server={server}"),
        );
        for suffix in Suffix::ALL {
            if suffix == Suffix::Ca && !roles.contains(&Role::Ca) {
                continue;
            }
            let role = if suffix == Suffix::Ca { Role::Ca } else { Role::IpaMaster };
            let mut peers = self.preferred(role, Some(replica));
            peers.retain(|name| name != server && self.state.reaches(name, server));
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
