//! The decision table: which documented procedure fits a situation (scenarios B.3).
//!
//! The table is data. Rows are read from the top; the first whose conditions hold, and for which a
//! copy can be used if it needs one, is the answer. Rows next to each other with the same
//! conditions compete by their copies. A row without a procedure says that there is none.

use std::collections::BTreeSet;

use super::restore_point::{CopyForm, RestorePoint, Taken, Usability, Variant, service_of};
use super::situation::{PURGE_DELAY, Presence, Replica};
use super::{Obstacle, Procedure, Situation};
use crate::model::{CaMode, Fqdn, Need, Role, Suffix};
use crate::time::Timestamp;

/// What a row asks of a situation. Closed.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Condition {
    /// A running server has damaged data.
    Damaged,
    /// It is known which data is damaged.
    DamageIsKnown,
    /// The damage was noticed later than it had spread, so that newer copies hold it.
    DamageNoticedLate,
    /// A server without the damage lives that others can be installed from.
    CleanSourceLives,
    /// No server lives.
    NobodyLives,
    /// A data center is lost.
    DataCenterLost,
    /// There is no integrated CA.
    CaLess,
    /// There is an integrated CA, and no server with it lives.
    NoCaLives,
    /// The CA renewal server is gone.
    RenewalServerGone,
    /// Servers are gone: lost, or their data is spoiled.
    ServersGone,
    /// More than one is.
    SeveralGone,
    /// Those that are gone were destroyed without being removed from the deployment.
    OnlyGhosts,
    /// Those that are gone were spoiled by an upgrade.
    OnlyBroken,
    /// A server with a KRA is gone.
    KraGone,
    /// The last server with a KRA is gone.
    LastKraGone,
    /// The last server with IdM's DNS is gone.
    LastDnsGone,
    /// The last server with ids to hand out is gone.
    LastIdsGone,
    /// The certificates have expired.
    CertificatesExpired,
    /// Servers do not reach each other, and changes find no other path.
    Parted,
    /// They have not for longer than changelogs reach, or than the age of values is known.
    PartedTooLong,
    /// They have not for so long that it matters how far changelogs reach, which is not known.
    PartedForUnknownWhile,
    /// A server was set back to a copy while others ran.
    SetBack,
    /// A running server lacks changes that others have trimmed.
    OutOfStep,
    /// A server was away and can be started again.
    Away,
    /// A server's clock is wrong.
    ClockWrong,
    /// A copy cannot be decrypted any more.
    CopyWithoutKey,
    /// A copy was lost with the place where it was.
    CopyLost,
}

/// Where a row takes the data from. Closed.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Origin {
    /// Servers that live.
    Servers,
    /// Any copy, only to read from it.
    AnyCopy,
    /// A backup of a server that runs.
    BackupOfRunning,
    /// A VM snapshot of a server with what is needed: a CA where there is an integrated one.
    Snapshot,
    /// A full-server backup of such a server.
    FullBackup,
    /// A VM snapshot of a server with a KRA.
    KraSnapshot,
    /// A full-server backup of a server with a KRA.
    KraBackup,
}

/// A row of the decision table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// All of these hold.
    pub when: &'static [Condition],
    /// Where the data comes from; a row that names a copy needs one that can be used.
    pub origin: Origin,
    /// What is done; `None`: nothing helps.
    pub procedure: Option<Procedure>,
    /// Number of the documented scenario.
    pub scenario: &'static str,
    /// Document and section.
    pub citation: &'static str,
}

const fn row(
    when: &'static [Condition],
    origin: Origin,
    procedure: Procedure,
    scenario: &'static str,
    citation: &'static str,
) -> Row {
    Row { when, origin, procedure: Some(procedure), scenario, citation }
}

const fn hopeless(when: &'static [Condition], scenario: &'static str) -> Row {
    let citation = "guide 3.3; Performing disaster recovery with IdM (RHEL 10) 1";
    Row { when, origin: Origin::Servers, procedure: None, scenario, citation }
}

/// The decision table (scenarios B.3).
pub static TABLE: &[Row] = {
    use Condition as C;
    use Origin as O;
    use Procedure as P;
    &[
        // 1. Damaged data.
        row(
            &[C::Damaged, C::CleanSourceLives],
            O::Servers,
            P::AbandonDamagedServers,
            "B11",
            "Performing disaster recovery with IdM (RHEL 10) 7.1",
        ),
        row(
            &[C::Damaged, C::DamageIsKnown],
            O::AnyCopy,
            P::AddLostEntries,
            "B12",
            "Performing disaster recovery with IdM (RHEL 10) 7.2",
        ),
        hopeless(&[C::Damaged, C::DamageIsKnown], "B12"),
        row(
            &[C::Damaged],
            O::BackupOfRunning,
            P::RestoreDataEverywhere,
            "B17",
            "Performing disaster recovery with IdM (RHEL 10) 5.1, 7.3",
        ),
        row(
            &[C::Damaged],
            O::Snapshot,
            P::ParallelEnvironment,
            "B16",
            "Performing disaster recovery with IdM (RHEL 10) 4.3, 7.3",
        ),
        hopeless(&[C::Damaged], "B13"),
        // 2. Nobody lives.
        row(
            &[C::NobodyLives, C::CaLess],
            O::Snapshot,
            P::RebuildFromSnapshot,
            "B10",
            "Performing disaster recovery with IdM (RHEL 10) 3.4, 4.1",
        ),
        row(
            &[C::NobodyLives, C::CaLess],
            O::FullBackup,
            P::RebuildFromBackup,
            "B10",
            "Performing disaster recovery with IdM (RHEL 10) 3.4, 5.1",
        ),
        hopeless(&[C::NobodyLives, C::CaLess], "B10"),
        row(
            &[C::NobodyLives],
            O::Snapshot,
            P::RebuildFromSnapshot,
            "B14",
            "Performing disaster recovery with IdM (RHEL 10) 4.1",
        ),
        row(
            &[C::NobodyLives],
            O::FullBackup,
            P::RebuildFromBackup,
            "B7",
            "Performing disaster recovery with IdM (RHEL 10) 5.1",
        ),
        hopeless(&[C::NobodyLives], "B7"),
        // 4. Servers live, and no CA.
        row(
            &[C::NoCaLives],
            O::Snapshot,
            P::PartialEnvironment,
            "B15",
            "Performing disaster recovery with IdM (RHEL 10) 4.2",
        ),
        row(
            &[C::NoCaLives],
            O::FullBackup,
            P::RebuildFromBackup,
            "B6",
            "Preparing for disaster recovery with IdM (RHEL 10) 6.4; Performing disaster recovery \
             with IdM (RHEL 10) 5.1",
        ),
        hopeless(&[C::NoCaLives], "B6"),
        // 5. What only a copy brings back, although servers live.
        row(
            &[C::ServersGone, C::LastKraGone],
            O::KraSnapshot,
            P::RestoreKra,
            "B8",
            "guide 4; Performing disaster recovery with IdM (RHEL 10) 4.2",
        ),
        row(
            &[C::ServersGone, C::LastKraGone],
            O::KraBackup,
            P::RestoreKra,
            "B8",
            "guide 5; Performing disaster recovery with IdM (RHEL 10) 5.1",
        ),
        // 3. Servers are gone that others can replace.
        row(
            &[C::ServersGone, C::OnlyGhosts],
            O::Servers,
            P::CleanUpGhost,
            "B25",
            "Managing replication in IdM (RHEL 10) 1.14",
        ),
        row(
            &[C::ServersGone, C::OnlyBroken],
            O::Servers,
            P::ReplaceLostReplica,
            "B26",
            "Preparing for disaster recovery with IdM (RHEL 10) 6.4",
        ),
        row(
            &[C::ServersGone, C::RenewalServerGone, C::SeveralGone],
            O::Servers,
            P::ReplaceRenewalServer,
            "B5",
            "Performing disaster recovery with IdM (RHEL 10) 3.3",
        ),
        row(
            &[C::ServersGone, C::RenewalServerGone],
            O::Servers,
            P::ReplaceRenewalServer,
            "B2",
            "Performing disaster recovery with IdM (RHEL 10) 2.1",
        ),
        row(
            &[C::ServersGone, C::SeveralGone, C::CaLess],
            O::Servers,
            P::ReplaceLostReplica,
            "B3",
            "Performing disaster recovery with IdM (RHEL 10) 3.1",
        ),
        row(
            &[C::ServersGone, C::SeveralGone],
            O::Servers,
            P::ReplaceLostReplica,
            "B4",
            "Performing disaster recovery with IdM (RHEL 10) 3.2",
        ),
        row(
            &[C::ServersGone],
            O::Servers,
            P::ReplaceLostReplica,
            "B1",
            "Performing disaster recovery with IdM (RHEL 10) 2.2",
        ),
        // Nothing is gone, but something has to be mended.
        row(
            &[C::CertificatesExpired],
            O::Servers,
            P::FixCertificates,
            "B28",
            "Managing certificates in IdM (RHEL 10) 32; manual page of ipa-cert-fix",
        ),
        Row {
            when: &[C::PartedForUnknownWhile],
            origin: O::Servers,
            procedure: None,
            scenario: "B22",
            citation: "389-ds cl5_api.c; FreeIPA plugins/update_changelog_maxage.py",
        },
        row(
            &[C::PartedTooLong],
            O::Servers,
            P::ReinitializeSide,
            "B22",
            "Performing disaster recovery with IdM (RHEL 10) 4.2; manual page of \
             ipa-replica-manage",
        ),
        row(
            &[C::Parted],
            O::Servers,
            P::Reconnect,
            "B22",
            "guide 3.1; Managing replication in IdM (RHEL 10) 1",
        ),
        row(
            &[C::SetBack],
            O::Servers,
            P::Reinitialize,
            "B24",
            "Performing disaster recovery with IdM (RHEL 10) 4.2; 389ds/389-ds-base issue 6032",
        ),
        row(
            &[C::OutOfStep],
            O::Servers,
            P::Reinitialize,
            "B24",
            "Performing disaster recovery with IdM (RHEL 10) 4.2; manual page of \
             ipa-replica-manage",
        ),
        row(
            &[C::Away],
            O::Servers,
            P::BringBackAbsent,
            "B27",
            "389-ds cl5_api.c, repl5_replica.c; manual page of ipa-replica-manage",
        ),
        row(
            &[C::ClockWrong],
            O::Servers,
            P::SetClockRight,
            "B30",
            "389-ds csngen.c; Installing IdM (RHEL 10), time service requirements",
        ),
        row(&[], O::Servers, P::NothingToDo, "", "guide 2"),
    ]
};

/// What else a situation is a case of, whatever row was chosen.
pub static VARIANTS: &[(Condition, &str)] = &[
    (Condition::KraGone, "B8"),
    (Condition::LastDnsGone, "B9"),
    (Condition::CopyWithoutKey, "B19"),
    (Condition::CopyLost, "B20"),
    (Condition::DataCenterLost, "B21"),
    (Condition::Parted, "B22"),
    (Condition::DamageNoticedLate, "B23"),
    (Condition::SetBack, "B24"),
    (Condition::OnlyGhosts, "B25"),
    (Condition::OnlyBroken, "B26"),
    (Condition::Away, "B27"),
    (Condition::CertificatesExpired, "B28"),
    (Condition::LastIdsGone, "B29"),
    (Condition::ClockWrong, "B30"),
];

/// What the decision table says.
#[derive(Clone, Debug)]
pub(crate) struct Way<'a> {
    /// The row.
    pub(crate) row: &'static Row,
    /// The procedure.
    pub(crate) procedure: Procedure,
    /// Numbers of other documented scenarios that this is a case of.
    pub(crate) also: Vec<&'static str>,
    /// The copy that it needs.
    pub(crate) copy: Option<&'a RestorePoint>,
}

/// A situation as the table looks at it.
struct Picture<'a> {
    situation: &'a Situation,
    taken: Taken<'a>,
    /// Members that live, or will once they are started.
    living: Vec<(&'a Fqdn, &'a Replica)>,
    /// Members whose data is gone.
    gone: Vec<(&'a Fqdn, &'a Replica)>,
}

/// The decision table alone, for a situation without these servers and data centers: which
/// procedure, under which scenario number. Thousands of cases are decided on one situation.
pub(crate) fn decide<'a>(situation: &'a Situation, taken: Taken<'a>) -> Result<Way<'a>, Obstacle> {
    let picture = Picture::of(situation, taken);
    let mut rows = TABLE.iter().peekable();
    let mut tried = Tried::default();
    while let Some(row) = rows.next() {
        if !row.when.iter().all(|condition| picture.holds(*condition)) {
            continue;
        }
        let Some(procedure) = row.procedure else {
            return Err(picture.obstacle(row, tried));
        };
        if row.origin == Origin::Servers {
            return Ok(picture.way(row, procedure, None));
        }
        let mut group = vec![row];
        while let Some(next) = rows.next_if(|next| {
            next.when == row.when && next.origin != Origin::Servers && next.procedure.is_some()
        }) {
            group.push(next);
        }
        tried = picture.try_copies(&group);
        if let Some((row, point)) = tried.best.take() {
            let procedure = row.procedure.unwrap_or(procedure);
            return Ok(picture.way(row, procedure, Some(point)));
        }
    }
    // The last row has no conditions; this is never reached.
    Err(Obstacle::Undecided {
        scenario: "",
        also: Vec::new(),
        needs: Vec::new(),
        reasons: Vec::new(),
    })
}

/// What came of looking for a copy.
#[derive(Default)]
struct Tried<'a> {
    best: Option<(&'static Row, &'a RestorePoint)>,
    reasons: Vec<String>,
    needs: Vec<Need>,
}

impl<'a> Picture<'a> {
    fn is_lost(&self, name: &Fqdn) -> bool {
        self.taken.servers.contains(name)
    }

    fn of(situation: &'a Situation, taken: Taken<'a>) -> Self {
        let (mut living, mut gone) = (Vec::new(), Vec::new());
        for (name, replica) in &situation.members {
            let is_gone = matches!(replica.presence, Presence::Lost | Presence::Broken)
                || taken.servers.contains(name);
            if is_gone {
                gone.push((name, replica));
            } else if matches!(replica.presence, Presence::Running | Presence::Absent) {
                living.push((name, replica));
            }
        }
        Self { situation, taken, living, gone }
    }

    fn living(&self) -> impl Iterator<Item = (&'a Fqdn, &'a Replica)> {
        self.living.iter().copied()
    }

    fn gone(&self) -> impl Iterator<Item = (&'a Fqdn, &'a Replica)> {
        self.gone.iter().copied()
    }

    fn any_gone(&self, test: impl Fn(&Fqdn, &Replica) -> bool) -> bool {
        self.gone().any(|(name, replica)| test(name, replica))
    }

    fn all_gone(&self, test: impl Fn(&Fqdn, &Replica) -> bool) -> bool {
        self.gone().all(|(name, replica)| test(name, replica))
    }

    /// True if members that held a role are gone, and none that holds it lives.
    fn last_gone(&self, role: Role) -> bool {
        self.any_gone(|_, replica| replica.holds(role))
            && !self.living().any(|(_, replica)| replica.holds(role))
    }

    fn holds(&self, condition: Condition) -> bool {
        let state = self.situation;
        match condition {
            Condition::Damaged => {
                state.damage.is_some() && !state.damaged(self.taken.servers).is_empty()
            }
            Condition::DamageIsKnown => state.damage.as_ref().is_some_and(|d| d.is_known),
            Condition::DamageNoticedLate => {
                state.damage.is_some() && state.noticed.is_some_and(|span| span.seconds() > 0)
            }
            Condition::CleanSourceLives => state.damage.as_ref().is_some_and(|damage| {
                self.living().any(|(name, replica)| {
                    replica.is_running()
                        && !damage.on.contains(name)
                        && (state.ca == CaMode::None || replica.holds(Role::Ca))
                })
            }),
            Condition::NobodyLives => self.living().next().is_none(),
            Condition::DataCenterLost => {
                !self.taken.data_centers.is_empty() || !state.lost_data_centers.is_empty()
            }
            Condition::CaLess => state.ca == CaMode::None,
            Condition::NoCaLives => {
                state.ca == CaMode::Integrated
                    && !self.living().any(|(_, replica)| replica.holds(Role::Ca))
            }
            Condition::RenewalServerGone => {
                state.ca == CaMode::Integrated
                    && state
                        .renewal
                        .as_ref()
                        .is_some_and(|renewal| self.any_gone(|name, _| name == renewal))
            }
            Condition::ServersGone => self.gone().next().is_some(),
            Condition::SeveralGone => self.gone().nth(1).is_some(),
            Condition::OnlyGhosts => {
                !state.dangling.is_empty() && self.all_gone(|name, _| state.dangling.contains(name))
            }
            Condition::OnlyBroken => {
                self.gone().next().is_some()
                    && self.all_gone(|name, replica| {
                        replica.presence == Presence::Broken && !self.is_lost(name)
                    })
            }
            Condition::KraGone => self.any_gone(|_, replica| replica.holds(Role::Kra)),
            Condition::LastKraGone => self.last_gone(Role::Kra),
            Condition::LastDnsGone => self.last_gone(Role::Dns),
            Condition::LastIdsGone => {
                self.any_gone(|name, _| state.ids.contains_key(name))
                    && !self.living().any(|(name, _)| state.ids.contains_key(name))
            }
            Condition::CertificatesExpired => {
                !state.expired.is_empty()
                    && self.living().any(|(name, _)| state.expired.contains(name))
            }
            Condition::Parted => state.is_parted(),
            Condition::PartedTooLong => {
                state.is_parted()
                    && state.changelog_age.is_some()
                    && state.interrupted_for() > state.merges_within()
            }
            Condition::PartedForUnknownWhile => {
                state.is_parted()
                    && state.changelog_age.is_none()
                    && state.interrupted_for() > PURGE_DELAY
            }
            Condition::SetBack => {
                state.set_back.keys().any(|name| self.living().any(|(other, _)| other == name))
            }
            Condition::OutOfStep => {
                state.stale.iter().any(|(_, name)| self.living().any(|(other, _)| other == name))
            }
            Condition::Away => {
                self.living().any(|(_, replica)| replica.presence == Presence::Absent)
            }
            Condition::ClockWrong => {
                state.clocks.keys().any(|name| self.living().any(|(other, _)| other == name))
            }
            Condition::CopyWithoutKey => self.any_copy(Variant::WithoutKey),
            Condition::CopyLost => self.any_copy(Variant::LostWithItsPlace),
        }
    }

    /// True if a copy is of no use for this reason.
    fn any_copy(&self, variant: Variant) -> bool {
        let points = &self.situation.copies.points;
        points.iter().any(|point| point.variant(self.taken) == Some(variant))
    }

    fn also(&self, scenario: &str) -> Vec<&'static str> {
        let holds = |(condition, _): &&(Condition, &str)| self.holds(*condition);
        let labels = VARIANTS.iter().filter(holds).map(|(_, label)| *label);
        labels.filter(|label| *label != scenario).collect()
    }

    fn way(
        &self,
        row: &'static Row,
        procedure: Procedure,
        copy: Option<&'a RestorePoint>,
    ) -> Way<'a> {
        let mut also = self.also(row.scenario);
        match procedure {
            // The same with Ansible: role `ipabackup`, state `restored`.
            Procedure::RestoreDataEverywhere => also.extend(["B13", "B18"]),
            Procedure::RebuildFromBackup => also.push("B18"),
            Procedure::ParallelEnvironment => also.push("B13"),
            _ => {}
        }
        Way { row, procedure, also, copy }
    }

    fn obstacle(&self, row: &'static Row, tried: Tried<'_>) -> Obstacle {
        let Tried { mut reasons, mut needs, .. } = tried;
        let also = self.also(row.scenario);
        if row.when == [Condition::PartedForUnknownWhile] {
            needs = vec![Need::ChangelogAge];
            reasons.clear();
        }
        if needs.is_empty() {
            let still_serving = self.living().map(|(name, _)| name.clone()).collect();
            Obstacle::Impossible { scenario: row.scenario, also, reasons, still_serving }
        } else {
            Obstacle::Undecided { scenario: row.scenario, also, needs, reasons }
        }
    }

    /// The copy that loses least; else why every server and copy does not help.
    fn try_copies(&self, rows: &[&'static Row]) -> Tried<'a> {
        let mut tried = Tried::default();
        let since = self.situation.damage.as_ref().and_then(|damage| damage.since);
        let is_damaged = self.holds(Condition::Damaged);
        let is_kra = rows.iter().any(|row| row.origin == Origin::KraSnapshot);
        for (name, replica) in &self.situation.members {
            tried.reasons.push(self.no_source(name, replica, is_damaged));
        }
        let mut usable: Vec<(&'static Row, &RestorePoint)> = Vec::new();
        for point in &self.situation.copies.points {
            let place = format!("{} {}", word(point), point.id);
            if let (Some(why), false) = (not_before(point, since), is_kra) {
                match why {
                    Ok(why) => tried.reasons.push(format!("{place}: {why}")),
                    Err(need) => tried.needs.push(need),
                }
                continue;
            }
            let Some(row) = rows.iter().find(|row| is_of(point, row.origin)) else {
                continue;
            };
            match self.usability(point, row.origin) {
                Usability::Usable => usable.push((row, point)),
                Usability::Doubtful(of) => tried.needs.extend(of),
                Usability::Unusable(why) => tried.reasons.push(format!("{place}: {why}")),
            }
        }
        // What is damaged is lost from the copy on: the newest loses least, and of two from one
        // time a backup, because the servers stay. Else what a copy brings back goes first.
        tried.best = if is_damaged {
            usable.into_iter().max_by_key(|(row, point)| {
                (point.taken_at, row.origin != Origin::Snapshot, preference(point))
            })
        } else {
            usable.into_iter().max_by_key(|(_, point)| preference(point))
        };
        if !self.situation.copies.is_complete {
            tried.needs.push(Need::Copies);
        }
        tried.needs.sort();
        tried.needs.dedup();
        tried
    }

    /// Why a member cannot be the source of the others.
    fn no_source(&self, name: &Fqdn, replica: &Replica, is_damaged: bool) -> String {
        let with_ca = if replica.holds(Role::Ca) { ", with its CA" } else { "" };
        let has_damage =
            self.situation.damage.as_ref().is_some_and(|damage| damage.on.contains(name));
        if self.is_lost(name) || replica.presence == Presence::Lost {
            format!("{name}: server lost{with_ca}")
        } else if replica.presence == Presence::Broken {
            format!("{name}: its data is spoiled{with_ca}")
        } else if is_damaged && has_damage {
            format!("{name}: has the damaged data")
        } else {
            format!("{name}: lives, but has no CA: no replica can be installed from it")
        }
    }

    fn usability(&self, point: &RestorePoint, origin: Origin) -> Usability {
        let state = self.situation;
        let rebuilds = |role: Option<Role>| {
            let holds = role.map_or(Some(true), |role| point.holds(role));
            let is_member =
                point.host.as_ref().is_some_and(|host| state.members.contains_key(host));
            match (point.usability_after(self.taken), holds) {
                (Usability::Unusable(why), _) => Usability::Unusable(why),
                (_, Some(false)) => {
                    let role = if role == Some(Role::Kra) { "KRA" } else { "CA" };
                    Usability::Unusable(format!("taken on a server without {role}"))
                }
                (Usability::Usable, Some(true)) if is_member => Usability::Usable,
                (Usability::Doubtful(of), _) => Usability::Doubtful(of),
                (Usability::Usable, _) => {
                    Usability::Doubtful(vec![Need::CopyUse(point.id.clone())])
                }
            }
        };
        match origin {
            Origin::Servers | Origin::AnyCopy => point.restores_data(self.taken),
            Origin::BackupOfRunning => {
                // A backup is restored on its own host, which has to live; to read from, any will
                // do.
                let runs = |host: &Fqdn| {
                    !self.taken.servers.contains(host) && state.running().contains(&host)
                };
                if point.host.as_ref().is_some_and(runs) {
                    point.restores_data(self.taken)
                } else {
                    Usability::Unusable("its server does not run".to_owned())
                }
            }
            Origin::Snapshot | Origin::FullBackup => {
                rebuilds((state.ca == CaMode::Integrated).then_some(Role::Ca))
            }
            Origin::KraSnapshot | Origin::KraBackup => {
                let gone = |host: &Fqdn| self.any_gone(|name, _| name == host);
                if point.host.as_ref().is_some_and(|host| !gone(host)) {
                    return Usability::Unusable("of a server that lives".to_owned());
                }
                rebuilds(Some(Role::Kra))
            }
        }
    }
}

/// True if a copy is of the form that a row takes.
fn is_of(point: &RestorePoint, origin: Origin) -> bool {
    let is_snapshot = point.form == CopyForm::Snapshot;
    match origin {
        Origin::Servers => false,
        Origin::AnyCopy => true,
        Origin::Snapshot | Origin::KraSnapshot => is_snapshot,
        Origin::BackupOfRunning | Origin::FullBackup | Origin::KraBackup => !is_snapshot,
    }
}

/// Seconds that an online backup may go on behind the time in its header, which FreeIPA writes
/// first: entries that it reads late are of then (fidelity k). Long enough for two million entries
/// at 4,000 a second (quantities C.4).
const EXPORT_MAX: i64 = 600;

/// Why a copy is not from before a damage, or what must be known for that. `None` if it is.
fn not_before(point: &RestorePoint, since: Option<Timestamp>) -> Option<Result<String, Need>> {
    let since = since?;
    match point.taken_at {
        Some(taken_at) if taken_at >= since => {
            Some(Ok(format!("taken {taken_at}, after the damage")))
        }
        Some(taken_at)
            if point.form == CopyForm::Data
                && since.unix_seconds() - taken_at.unix_seconds() < EXPORT_MAX =>
        {
            Some(Ok(format!(
                "begun {taken_at}, and may have been under way when the damage was done"
            )))
        }
        Some(_) => None,
        None => Some(Err(Need::CopyUse(point.id.clone()))),
    }
}

/// What a copy is, in a reason.
fn word(point: &RestorePoint) -> &'static str {
    if point.form == CopyForm::Snapshot { "snapshot" } else { "backup" }
}

/// The copy that loses least: with the most roles, then the newest, then a snapshot (X15).
fn preference(point: &RestorePoint) -> (usize, Option<Timestamp>, bool) {
    // Only roles that every form of copy tells of.
    let told = |role: &Role| service_of(*role).is_some();
    let roles = point.roles.iter().filter(|(role, holds)| told(role) && **holds).count();
    (roles, point.taken_at, point.form == CopyForm::Snapshot)
}

impl Situation {
    /// True if running servers do not hear from each other because the network or a segment
    /// failed.
    pub fn is_parted(&self) -> bool {
        if self.partitions.is_empty() && self.cut.is_empty() {
            return false;
        }
        let mut whole = self.clone();
        whole.partitions.clear();
        whole.cut.clear();
        Suffix::ALL
            .into_iter()
            .any(|suffix| self.islands(suffix).len() > whole.islands(suffix).len())
    }

    /// Members whose data is gone.
    pub fn gone(&self) -> BTreeSet<Fqdn> {
        let gone =
            |replica: &Replica| matches!(replica.presence, Presence::Lost | Presence::Broken);
        self.members.iter().filter(|(_, r)| gone(r)).map(|(name, _)| name.clone()).collect()
    }
}
