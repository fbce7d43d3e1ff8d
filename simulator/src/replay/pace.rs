//! How long the recorder's own steps take. Outcomes of deterministic drills do not depend on it.

use crate::kernel::streams::{Stream, Streams};
use crate::kernel::time::Span;
use crate::world::copies::{RestoreKind, Service};

/// Durations of the steps of a recorder, each drawn around a measured value.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    stream: Stream,
}

impl Pace {
    pub(super) fn new(seed: u64) -> Self {
        Self { stream: Streams::new(seed, 0).stream("recorder-pace", 0) }
    }

    /// A span within a fifth around this one.
    fn about(&mut self, millis: u64) -> Span {
        let factor = 0.8 + 0.4 * self.stream.unit();
        Span::from_seconds_f64(millis as f64 / 1000.0 * factor)
    }

    /// From the first action to a server's first keep-alive write: 22 to 30 s. Source:
    /// `fidelity.md` R1.
    pub(super) fn first_keep_alive(&mut self) -> Span {
        Span::from_seconds_f64(22.0 + 8.0 * self.stream.unit())
    }

    /// Between two writes that are made as fast as they go: 300 to 450 a second. Source: drill a.
    pub(super) fn write(&mut self) -> Span {
        self.about(3)
    }

    /// One DEL: 100 in 0.11 to 0.24 s. Source: drill c.
    pub(super) fn delete(&mut self) -> Span {
        self.about(2)
    }

    /// Every kind of copy of a server: two exports and a database backup while it runs. Set so that
    /// an old backup is back 16 to 23 s behind the first action, as in drill e.
    pub(super) fn online_copies(&mut self) -> Span {
        self.about(5000)
    }

    /// How long a server is down for a cold copy: 5.1 to 5.9 s. Source: drill k.
    pub(super) fn cold_copy(&mut self) -> Span {
        self.about(5500)
    }

    /// A restore, from its order until the server is back. Online, set so that the keep-alive write
    /// comes before the neighbors' next try in about half of the restores, as in drills d and e.
    pub(super) fn restore(&mut self, kind: RestoreKind, service: Service) -> Span {
        self.about(match (kind, service) {
            (RestoreKind::DatabaseBackup, Service::Online) | (RestoreKind::ColdCopy, _) => 2500,
            (RestoreKind::DatabaseBackup, Service::Offline) => 3000,
            (_, Service::Online) => 3400,
            (_, Service::Offline) => 5000,
        })
    }

    /// Starting a server: 0.45 to 1.0 s. Source: drill a.
    pub(super) fn start(&mut self) -> Span {
        self.about(800)
    }

    /// Stopping a server.
    pub(super) fn stop(&mut self) -> Span {
        self.about(1000)
    }

    /// One change of the configuration of an agreement.
    pub(super) fn configure(&mut self) -> Span {
        self.about(60)
    }

    /// Making the two agreements of a segment.
    pub(super) fn segment(&mut self) -> Span {
        self.about(200)
    }

    /// Removing a server: its agreements on the others, then `CLEANALLRUV`, which takes 1.2 to
    /// 1.6 s (drill b).
    pub(super) fn remove_server(&mut self) -> Span {
        self.about(2500)
    }

    /// Until a killed process is gone.
    pub(super) fn kill(&mut self) -> Span {
        self.about(300)
    }

    /// One look at all servers.
    pub(super) fn look(&mut self) -> Span {
        self.about(200)
    }
}
