//! Change sequence numbers: the names of changes, ordered by time.

use std::fmt;

use crate::kernel::time::Time;

/// Number of a server within a replicated suffix (`nsds5ReplicaId`), 1 to 65534.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct ReplicaId(pub u16);

impl fmt::Display for ReplicaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Name of a change: when it was made, its number among the changes of that moment, and where.
///
/// A real directory server counts whole seconds and numbers the changes within each; here the
/// time is exact and the number tells apart what happened in the same millisecond. Number 0 is
/// kept for the background load, whose changes are not objects ([`super::load`]). The
/// subsequence number of operations inside operations is not modeled.
///
/// # Source
///
/// 389-ds `csn.c`: time, sequence number, replica id, subsequence number, compared in this order.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Csn {
    /// When the change was made, by the clock of its server.
    pub time: Time,
    /// Its number among the changes of that millisecond.
    pub sequence: u32,
    /// Where it was made.
    pub replica: ReplicaId,
}

impl Csn {
    /// The change of the background load at a time.
    pub const fn of_load(time: Time, replica: ReplicaId) -> Self {
        Self { time, sequence: 0, replica }
    }

    /// Whether it belongs to the background load.
    pub const fn is_load(self) -> bool {
        self.sequence == 0
    }
}

impl fmt::Display for Csn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}@{}", self.time, self.sequence, self.replica)
    }
}

/// Numbers the changes of one server: every number is above all that the server has seen.
///
/// # Source
///
/// 389-ds `csngen.c`: `csngen_new_csn`, `csngen_adjust_time`.
#[derive(Clone, Debug)]
pub struct CsnGenerator {
    replica: ReplicaId,
    newest: Option<(Time, u32)>,
}

impl CsnGenerator {
    /// The generator of a server that has seen nothing.
    pub const fn new(replica: ReplicaId) -> Self {
        Self { replica, newest: None }
    }

    /// The next number; above everything seen, also when the clock is behind.
    pub fn next(&mut self, now: Time) -> Csn {
        let (time, sequence) = match self.newest {
            Some((time, sequence)) if time >= now => (time, sequence.saturating_add(1)),
            _ => (now, 1),
        };
        self.newest = Some((time, sequence));
        Csn { time, sequence, replica: self.replica }
    }

    /// Learns of a change that was made elsewhere, or before a restore.
    pub fn see(&mut self, csn: Csn) {
        self.newest = self.newest.max(Some((csn.time, csn.sequence)));
    }
}
