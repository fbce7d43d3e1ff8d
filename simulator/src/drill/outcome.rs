//! What a drill was and how it ended.

use audit_core::model::{Fqdn, Suffix};
use audit_core::recovery::{Case, OutcomeClass, Procedure};
use audit_core::time::Timestamp;

use super::account::Account;
use super::clients::ClientLoad;
use super::protect::Protection;
use super::services::Outage;
use crate::checkers::Finding;
use crate::kernel::time::{Span, Time};
use crate::kernel::trace::{Digest, Fingerprint};

/// What a moment of the timeline is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MomentKind {
    /// Something goes wrong.
    Fault,
    /// Somebody notices.
    Notice,
    /// A step that had its effect.
    Step,
    /// A step that was refused; the operator plans again.
    Refused,
    /// A step that was left out or done in the wrong direction.
    Mistake,
    /// No procedure is left.
    Dead,
}

impl MomentKind {
    /// Its name in JSON and in the timeline.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fault => "fault",
            Self::Notice => "notice",
            Self::Step => "step",
            Self::Refused => "refused",
            Self::Mistake => "mistake",
            Self::Dead => "dead end",
        }
    }
}

/// One line of the timeline.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Moment {
    /// When it began.
    pub at: Time,
    /// What it is.
    pub kind: MomentKind,
    /// Where.
    pub on: Option<Fqdn>,
    /// What happened.
    pub words: String,
    /// How long it took.
    pub took: Span,
}

/// A server that was out of service.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Down {
    /// The server.
    pub server: Fqdn,
    /// From when on.
    pub since: Time,
    /// Until when; `None` = to the end.
    pub until: Option<Time>,
}

/// A copy on the timeline.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CopyMark {
    /// Its identifier.
    pub id: String,
    /// The server in it.
    pub host: Option<Fqdn>,
    /// When it was taken; `None` if it could not be made in this drill.
    pub taken_at: Option<Time>,
}

/// A drill that was run.
#[derive(Clone, Debug)]
pub struct Drilled {
    /// The disaster.
    pub case: Case,
    /// The time of the audit.
    pub as_of: Timestamp,
    /// The seed of everything that chance decided.
    pub seed: u64,
    /// How it ended.
    pub class: OutcomeClass,
    /// How the audit says that it ends at worst; `None` if it cannot tell.
    pub predicted: Option<OutcomeClass>,
    /// The procedure that the operator followed first.
    pub procedure: Option<Procedure>,
    /// Number of the documented scenario.
    pub scenario: Option<&'static str>,
    /// Why no procedure was left, if none was.
    pub impossible: Vec<String>,
    /// Whether no procedure was left for all of the damage.
    pub gave_up: bool,
    /// Servers that were out of service, and how long.
    pub downs: Vec<Down>,
    /// What the class rests on.
    pub findings: Vec<Finding>,
    /// What became of acknowledged writes, by suffix.
    pub lost: [(Suffix, Account); 2],
    /// Entries that were deleted by mistake, and those of them that did not come back.
    pub deleted: (u64, u64),
    /// Groups of servers that replicate to each other in suffix `domain` at the end.
    pub islands: Vec<Vec<Fqdn>>,
    /// The servers of before.
    pub servers: Vec<Fqdn>,
    /// Copies outside the servers.
    pub copies: Vec<CopyMark>,
    /// What happened, in order.
    pub moments: Vec<Moment>,
    /// The time of the audit in the drill.
    pub audited_at: Time,
    /// When the disaster struck.
    pub struck: Time,
    /// When somebody noticed.
    pub noticed_at: Time,
    /// When work began.
    pub began: Time,
    /// When the last step was done.
    pub ended: Time,
    /// How long each capability was not there.
    pub outages: Vec<Outage>,
    /// What it meant for clients, and for the load on servers.
    pub load: ClientLoad,
    /// Where no CA is left: the server whose certificates end first, and when. Until then those
    /// that are left serve on.
    pub serves_until: Option<(Fqdn, Time)>,
    /// What scheduled copies cost until the disaster.
    pub protection: Protection,
    /// What it rests on, a line each.
    pub assumptions: Vec<String>,
    /// Number of events of replication.
    pub events: u64,
}

impl Drilled {
    /// Milliseconds from the disaster to a time.
    pub const fn since_disaster(&self, at: Time) -> u64 {
        at.since(self.struck).millis()
    }

    /// From the disaster to the end of the last step; `None` if no procedure brought it back.
    pub fn recovery(&self) -> Option<Span> {
        (!self.gave_up).then(|| self.ended.since(self.struck))
    }

    /// Whether it ended worse than the audit says. That must not be: one of both is wrong then.
    pub fn is_worse_than_predicted(&self) -> bool {
        self.predicted.is_some_and(|predicted| self.class > predicted)
    }

    /// The groups of tracked writes with what was lost of each: `writes` is the background load.
    pub fn groups(&self, suffix: Suffix) -> Vec<(&'static str, u64)> {
        let account = self.lost.iter().find(|(of, _)| *of == suffix).map(|(_, account)| account);
        let Some(account) = account else { return Vec::new() };
        let mut groups = vec![
            ("with_lost_servers", account.lost),
            ("on_stopped_servers", account.abandoned),
            ("undone_by_recovery", account.undone),
            ("on_some_servers_only", account.divergent),
        ];
        if suffix == Suffix::Domain && self.deleted.0 > 0 {
            groups.push(("deleted_by_mistake", self.deleted.1));
        }
        groups
    }

    /// A fingerprint of everything that happened: equal on every machine.
    pub fn fingerprint(&self) -> Fingerprint {
        let mut digest = Digest::new();
        digest.text(&self.case.to_string());
        digest.word(self.seed);
        digest.text(self.class.name());
        for moment in &self.moments {
            digest.word(moment.at.millis());
            digest.word(moment.took.millis());
            digest.text(moment.kind.name());
            digest.text(&moment.words);
        }
        for (_, account) in &self.lost {
            for number in [
                account.acknowledged,
                account.everywhere,
                account.divergent,
                account.lost,
                account.abandoned,
                account.undone,
                account.superseded,
                account.oldest_age.map_or(u64::MAX, Span::millis),
            ] {
                digest.word(number);
            }
        }
        for outage in &self.outages {
            digest.word(outage.span.millis());
        }
        digest.word(self.events);
        digest.fingerprint()
    }
}
