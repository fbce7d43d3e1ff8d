//! What becomes of an agreement while nothing but background load is written.
//!
//! Most agreements carry the load. Some cannot, and will not until somebody acts: they are stuck,
//! or their ends hold two generations. Some will only after a while, for example one that frees
//! itself as soon as it must relay another origin's change (`fidelity.md` R2). The first two kinds
//! have a closed form; the third is simulated event by event until it is one of them.

use super::World;
use super::agreement::{AgreementIndex, Phase, ReplicaIndex, Status};
use super::csn::ReplicaId;
use super::session::Start;
use crate::kernel::time::Span;

/// What becomes of an agreement.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Course {
    /// It carries load.
    Carries,
    /// It is off, or its ends do not reach each other.
    Off,
    /// It cannot send, and nothing that happens by itself will change this.
    Blocked,
}

impl World {
    /// What becomes of each agreement, in their order; `None` while anything but load is under
    /// way, see [`World::skip_to`].
    pub(super) fn courses(&self) -> Option<Vec<Course>> {
        let is_calm = |replica: &super::Replica| {
            let awaited = replica.keep_alive.is_some_and(|keep_alive| keep_alive.is_first);
            !awaited && !replica.is_loading
        };
        if !self.replicas.iter().all(is_calm) {
            return None;
        }
        let all = || (0..self.agreements.len()).map(AgreementIndex);
        let courses: Vec<Course> =
            all().map(|index| self.course_now(index)).collect::<Option<_>>()?;
        let reach = if courses.contains(&Course::Blocked) {
            Reach::new(self, &courses)
        } else {
            Reach::default()
        };
        let mut rows = all().zip(&courses);
        rows.all(|(index, course)| self.stays(index, *course, &reach)).then_some(courses)
    }

    /// What an agreement is at this moment; `None` while it does something else.
    fn course_now(&self, index: AgreementIndex) -> Option<Course> {
        let agreement = self.agreement(index);
        let (supplier, consumer) = (agreement.supplier, agreement.consumer);
        if !agreement.exists || !agreement.is_enabled || !self.reach(supplier, consumer) {
            return Some(Course::Off);
        }
        if agreement.total_is_due || matches!(agreement.phase, Phase::Total(_)) {
            return None;
        }
        if self.replica(supplier).database.is_none() || !self.same_generation(index) {
            return Some(Course::Blocked);
        }
        if let Start::Missing(_) = self.start_of_session(index) {
            return (agreement.status == Status::Stuck).then_some(Course::Blocked);
        }
        let is_healthy = matches!(agreement.status, Status::Ok | Status::Busy)
            && !matches!(agreement.phase, Phase::Stopped)
            && self.carries_load_only(index);
        is_healthy.then_some(Course::Carries)
    }

    /// Whether the closed form brings an origin's load along: it writes on. The last writes of one
    /// that was stopped or lost are changes under way like any other.
    fn writes_on(&self, any: ReplicaIndex, origin: ReplicaId) -> bool {
        let suffix = self.replica(any).suffix;
        let all = (0..self.replicas.len()).map(ReplicaIndex);
        let mut origins = all.filter(|index| {
            let replica = self.replica(*index);
            replica.suffix == suffix && replica.id == origin
        });
        origins.any(|index| self.is_running(index) && self.replica(index).writes_load)
    }

    /// Whether all that the supplier would send is load that goes on.
    pub(super) fn carries_load_only(&self, index: AgreementIndex) -> bool {
        let (supplier, consumer) = self.ends(index);
        let data = [supplier, consumer].map(|replica| self.replica(replica).database.as_ref());
        let [Some(own), Some(theirs)] = data else { return false };
        own.ruv.above(&theirs.ruv).all(|(origin, known, max)| {
            own.changelog.records(origin, max, known.max).next().is_none()
                && known.max.is_load()
                && self.writes_on(supplier, origin)
        })
    }

    /// Whether an agreement remains what it is when origins write that can reach its ends.
    fn stays(&self, index: AgreementIndex, course: Course, reach: &Reach) -> bool {
        match course {
            Course::Off => true,
            Course::Carries => self.goes_on(index),
            Course::Blocked => !self.same_generation(index) || self.is_stuck_for_good(index, reach),
        }
    }

    /// Whether every change that is on its way has its predecessor in the changelog. Of what comes
    /// later the predecessor is the consumer's maximum then, which the supplier has as well.
    fn goes_on(&self, index: AgreementIndex) -> bool {
        let (supplier, consumer) = self.ends(index);
        let data = [supplier, consumer].map(|replica| self.replica(replica).database.as_ref());
        let [Some(own), Some(theirs)] = data else { return false };
        let mut above = own.ruv.above(&theirs.ruv);
        above.all(|(_, known, max)| own.changelog.contains(max.unwrap_or(known.min)))
    }

    /// Whether a stuck agreement cannot free itself. It does if it has to relay a change whose
    /// predecessor at the consumer is older than the missing one and is in the changelog, or if the
    /// missing origin's changes reach the consumer another way.
    fn is_stuck_for_good(&self, index: AgreementIndex, reach: &Reach) -> bool {
        let (supplier, consumer) = self.ends(index);
        let data = [supplier, consumer].map(|replica| self.replica(replica).database.as_ref());
        let [Some(own), Some(theirs)] = data else { return true };
        let anchors = own.ruv.iter().filter_map(|(origin, known)| {
            let max = theirs.ruv.max(origin);
            let is_above = max.is_none_or(|max| max < known.max);
            (is_above || reach.grows(origin, supplier)).then(|| max.unwrap_or(known.min))
        });
        anchors.min().is_some_and(|first| {
            // What the consumer has and the supplier has not comes to the supplier as well.
            let comes = !own.ruv.covers(first) && reach.grows(first.replica, supplier);
            !own.changelog.contains(first) && !comes && !reach.grows(first.replica, consumer)
        })
    }
}

/// Which origins' writes reach which replicas, as things are.
#[derive(Default)]
struct Reach {
    /// For each origin that writes: its replica id, and the replicas that its writes reach.
    rows: Vec<(ReplicaId, Vec<bool>)>,
}

impl Reach {
    fn new(world: &World, courses: &[Course]) -> Self {
        let rows = (0..world.replicas.len())
            .map(ReplicaIndex)
            .filter(|origin| world.is_writing(*origin))
            .map(|origin| {
                let mut row = vec![false; world.replicas.len()];
                for (reached, _) in world.reached(origin, courses) {
                    if let Some(place) = row.get_mut(reached.0) {
                        *place = true;
                    }
                }
                (world.replica(origin).id, row)
            })
            .collect();
        Self { rows }
    }

    /// Whether an origin's writes reach a replica.
    fn grows(&self, origin: ReplicaId, replica: ReplicaIndex) -> bool {
        let mut rows = self.rows.iter().filter(|(id, _)| *id == origin);
        rows.any(|(_, row)| row.get(replica.0).copied().unwrap_or(false))
    }
}

impl World {
    /// Whether a replica makes changes by itself: load or keep-alive writes.
    fn is_writing(&self, index: ReplicaIndex) -> bool {
        let replica = self.replica(index);
        let writes = replica.writes_load && replica.load.is_some();
        self.is_running(index)
            && replica.database.is_some()
            && (writes || self.timing.keep_alive_interval > Span::ZERO)
    }

    /// The replicas that an origin's writes reach, itself first, with the time they take there.
    pub(super) fn reached(
        &self,
        origin: ReplicaIndex,
        courses: &[Course],
    ) -> Vec<(ReplicaIndex, Span)> {
        let mut seen = vec![false; self.replicas.len()];
        seen[origin.0] = true;
        let mut reached = vec![(origin, Span::ZERO)];
        let mut at = 0;
        while let Some((supplier, lag)) = reached.get(at).copied() {
            at += 1;
            for index in &self.replica(supplier).outgoing {
                let consumer = self.agreement(*index).consumer;
                let carries = courses.get(index.0) == Some(&Course::Carries);
                if carries && !seen[consumer.0] {
                    seen[consumer.0] = true;
                    reached.push((consumer, lag + self.hop()));
                }
            }
        }
        reached
    }

    /// No change is longer on its way, while nobody waits: it comes to no replica twice.
    pub(super) fn longest_way(&self) -> Span {
        self.hop().times(self.replicas.len() as u64)
    }

    /// One hop of one change, while nobody waits.
    fn hop(&self) -> Span {
        self.timing.service(1) + self.timing.poll + Span::from_millis(1)
    }
}
