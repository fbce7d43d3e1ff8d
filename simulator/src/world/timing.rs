//! Times and settings of the protocol, each with its source.

use crate::kernel::time::Span;

/// Times and settings of replication.
///
/// The three constants that are calibrated ([`Timing::service_micros`], [`Timing::overhead`],
/// [`Timing::poll`]) are the same for all measurements.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Timing {
    /// Microseconds that a receiver takes for one change. Calibrated on drills a, g and h together:
    /// there a host took in 214 (one supplier), 240 to 270 (seven hops) and more than 300 changes a
    /// second (a ring of four).
    pub service_micros: u64,
    /// How long a session holds its receiver behind the last change, on average; drawn within
    /// half of it. Calibrated on drill h: 65 sessions in 10 s at 20 writes a second.
    pub overhead: Span,
    /// How long a supplier takes to notice a change: the mean of what exceeds a millisecond.
    /// Calibrated on drill h, the hops at 2 writes a second: medians of 4 to 8 ms, means of 5 to
    /// 18 ms.
    pub poll: Span,
    /// Wait after "busy", always the same. Source: 389-ds `repl5_inc_protocol.c`; drill g: 3.00 s.
    pub busy_retry: Span,
    /// First wait after another failure; it doubles. Source: `repl5_prot_private.h`; drill f.
    pub backoff_min: Span,
    /// Longest wait. Source: `nsds5ReplicaBackoffMax`, 300 s as IPA sets it.
    pub backoff_max: Span,
    /// A session that has held its receiver for longer yields when another supplier asks for the
    /// receiver; [`Span::ZERO`] = never. Source: `nsds5ReplicaReleaseTimeout`, 60 s as IPA sets it.
    pub release_timeout: Span,
    /// After this long without a change a supplier looks again. Source: `repl5_inc_protocol.c`,
    /// `MAX_WAIT_BETWEEN_SESSIONS`.
    pub idle_look: Span,
    /// From a server's start to its first keep-alive write. Source: `fidelity.md` R1.
    pub keep_alive_after_start: Span,
    /// From an online restore, import or total update to the keep-alive write. Source: R1.
    pub keep_alive_after_load: Span,
    /// Between two later keep-alive writes; [`Span::ZERO`] = none. Source: `repl5.h`, 3600 s.
    pub keep_alive_interval: Span,
    /// Changes younger than this are not trimmed (`nsslapd-changelogmaxage`). Source: 7 days is the
    /// default of 389-ds 2.1 and later, 30 days of FreeIPA 4.9 and later.
    pub changelog_max_age: Span,
    /// Time between two trimmings. Source: `repl_shared.h`, 300 s.
    pub trim_interval: Span,
    /// Tombstones older than this are removed. Source: `repl5_replica.c`, one week.
    pub purge_delay: Span,
    /// Fixed part of a total update. Source: drill d2, 2.6 to 3.3 s for 100 entries.
    pub total_update: Span,
    /// Microseconds per entry of a total update. Source: recording
    /// `target-killed-during-reinitialize`, 5.3 to 5.9 s for 1,200 entries.
    pub total_update_micros: u64,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            service_micros: 3200,
            overhead: Span::from_millis(140),
            poll: Span::from_millis(4),
            busy_retry: Span::from_seconds(3),
            backoff_min: Span::from_seconds(3),
            backoff_max: Span::from_seconds(300),
            release_timeout: Span::from_seconds(60),
            idle_look: Span::from_seconds(300),
            keep_alive_after_start: Span::from_seconds(30),
            keep_alive_after_load: Span::from_seconds(2),
            keep_alive_interval: Span::from_hours(1),
            changelog_max_age: Span::from_days(7),
            trim_interval: Span::from_seconds(300),
            purge_delay: Span::from_days(7),
            total_update: Span::from_millis(2800),
            total_update_micros: 2200,
        }
    }
}

impl Timing {
    /// How long a receiver takes for this many changes, at least a millisecond for one.
    pub fn service(&self, changes: u64) -> Span {
        Span::from_millis(changes.saturating_mul(self.service_micros).div_ceil(1000))
    }
}
