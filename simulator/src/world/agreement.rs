//! Replication agreements: one direction each, kept on the supplier.

use crate::kernel::queue::Key;
use crate::kernel::time::{Span, Time};

use super::csn::Csn;
use super::database::Database;
use super::ruv::Ruv;
use super::session::Session;

/// Names a server of a [`super::World`].
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct ServerIndex(pub(super) usize);

/// Names a replica, the data of one suffix on one server, of a [`super::World`].
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct ReplicaIndex(pub(super) usize);

impl ReplicaIndex {
    /// Its place among the replicas of its world, from 0, in the order in which they were added.
    pub const fn number(self) -> usize {
        self.0
    }
}

/// Names an agreement of a [`super::World`].
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct AgreementIndex(pub(super) usize);

/// What an agreement says of its last attempt (`nsds5replicaLastUpdateStatus`).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Status {
    /// Error (0): it worked, or nothing was tried yet.
    Ok,
    /// Error (1): another supplier held the receiver.
    Busy,
    /// Error (18): the place to start from is not in the changelog.
    Stuck,
    /// Error (19): the consumer's data is of another generation, or it has none.
    Generation,
    /// Error (-1): the consumer cannot be reached.
    Unreachable,
}

impl Status {
    /// The error number that the server prints.
    pub const fn error(self) -> i64 {
        match self {
            Self::Ok => 0,
            Self::Busy => 1,
            Self::Stuck => 18,
            Self::Generation => 19,
            Self::Unreachable => -1,
        }
    }

    /// The class that recordings reduce error numbers to: 0 and 1 are both `ok`.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Ok | Self::Busy => "ok",
            Self::Stuck => "stuck",
            Self::Generation => "generation",
            Self::Unreachable => "unreachable",
        }
    }
}

/// What an agreement is doing.
#[derive(Clone, Debug)]
pub(super) enum Phase {
    /// Nothing: disabled, removed, or its server is down.
    Stopped,
    /// Waits for a change.
    Idle,
    /// Waits for its next attempt after a failure; changes do not shorten it.
    BackingOff,
    /// About to try.
    Starting,
    /// Holds the receiver.
    Session(Box<Session>),
    /// Replaces all data of the receiver by what it read at the start.
    Total(Box<Database>),
}

/// One direction between two servers.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts of its configuration")]
pub(super) struct Agreement {
    pub(super) supplier: ReplicaIndex,
    pub(super) consumer: ReplicaIndex,
    /// Whether the supplier's configuration has it.
    pub(super) exists: bool,
    pub(super) is_enabled: bool,
    pub(super) status: Status,
    /// The consumer's vector as last seen; decides what must not be trimmed.
    pub(super) consumer_ruv: Option<Ruv>,
    pub(super) phase: Phase,
    pub(super) timer: Option<Key>,
    /// The next wait after a failure to connect.
    pub(super) backoff: Span,
    /// When it became idle.
    pub(super) idle_since: Time,
    /// A total update was ordered and has not ended.
    pub(super) total_is_due: bool,
    /// How the last total update ended.
    pub(super) total_succeeded: Option<bool>,
    /// Only with a planted mistake: does not replicate before a total update.
    pub(super) needs_total: bool,
    /// Number of times that it met a busy receiver.
    pub(super) busy: u64,
    /// Number of sessions that sent something.
    pub(super) sessions: u64,
    /// The anchor that was missing at the last attempt.
    pub(super) missing: Option<Csn>,
}

impl Agreement {
    pub(super) fn new(supplier: ReplicaIndex, consumer: ReplicaIndex, backoff: Span) -> Self {
        Self {
            supplier,
            consumer,
            exists: true,
            is_enabled: true,
            status: Status::Ok,
            consumer_ruv: None,
            phase: Phase::Stopped,
            timer: None,
            backoff,
            idle_since: Time::ZERO,
            total_is_due: false,
            total_succeeded: None,
            needs_total: false,
            busy: 0,
            sessions: 0,
            missing: None,
        }
    }
}
