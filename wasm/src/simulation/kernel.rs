//! Machines that fail and are repaired against deadlines, for a thousand days: every sampler, equal
//! times, canceled events, statistics. About five thousand events.

use simulator::kernel::queue::{Key, Queue};
use simulator::kernel::samplers::{
    Categorical, Empirical, Exponential, Invalid, LogNormal, Quantile, Triangular, Uniform, Weibull,
};
use simulator::kernel::statistics::Observations;
use simulator::kernel::streams::{Stream, Streams};
use simulator::kernel::time::{Span, Time};
use simulator::kernel::trace::{Digest, Fingerprint, Record, Trace};

/// Machines.
const MACHINES: usize = 24;
/// Length of a run.
const HORIZON: Span = Span::from_days(1000);

#[derive(Clone, Copy, Debug)]
enum Event {
    Fail(usize),
    Notice(usize),
    Repaired(usize),
    /// The repair takes too long.
    Deadline(usize),
}

impl Record for Event {
    fn words(&self, digest: &mut Digest) {
        let (kind, machine) = match *self {
            Self::Fail(machine) => (1, machine),
            Self::Notice(machine) => (2, machine),
            Self::Repaired(machine) => (3, machine),
            Self::Deadline(machine) => (4, machine),
        };
        digest.word(kind);
        digest.word(machine as u64);
    }
}

/// A machine under repair.
#[derive(Clone, Copy, Debug)]
struct Outage {
    since: Time,
    repaired: Option<Key>,
    deadline: Option<Key>,
}

/// What repairs and failures are drawn from: every sampler of the kernel.
struct Samplers {
    to_failure: Weibull,
    to_notice: Empirical,
    to_repair: LogNormal,
    patience: Uniform,
    choice: Categorical,
    spare: Triangular,
    second_try: Exponential,
}

/// Runs it.
///
/// # Errors
///
/// Never: the parameters are valid.
pub fn run(seed: u64) -> Result<Fingerprint, Invalid> {
    let samplers = Samplers {
        to_failure: Weibull::from_mean_and_shape(10.0 * 86_400.0, 0.7)?,
        to_notice: Empirical::from_quantiles(&[
            (0.0, 60.0),
            (0.5, 300.0),
            (0.9, 7_200.0),
            (1.0, 86_400.0),
        ])?,
        to_repair: LogNormal::from_mean_and_sigma(14_400.0, 1.0)?,
        patience: Uniform::new(7_200.0, 21_600.0)?,
        choice: Categorical::from_weights(&[5.0, 2.0, 1.0])?,
        spare: Triangular::new(1_800.0, 3_600.0, 10_800.0)?,
        second_try: Exponential::from_mean(7_200.0)?,
    };
    let streams = Streams::new(seed, 0);
    let mut machines: Vec<(Stream, Option<Outage>)> =
        (0..MACHINES).map(|machine| (streams.stream("machine", machine as u64), None)).collect();
    let mut queue = Queue::new();
    let mut trace = Trace::new();
    let mut outages = Observations::new();
    for (machine, (stream, _)) in machines.iter_mut().enumerate() {
        // Half of them at the same time.
        let first = if machine % 2 == 0 {
            Span::from_days(1)
        } else {
            samplers.to_failure.sample_span(stream)
        };
        queue.schedule_after(first, Event::Fail(machine));
    }
    while let Some((now, event)) = queue.pop_until(Time::ZERO + HORIZON) {
        trace.record(now, event);
        let (Event::Fail(machine)
        | Event::Notice(machine)
        | Event::Repaired(machine)
        | Event::Deadline(machine)) = event;
        if let Some((stream, outage)) = machines.get_mut(machine) {
            happen(event, &samplers, stream, outage, &mut queue, &mut outages);
        }
    }
    Ok(summary(&trace, &outages))
}

fn happen(
    event: Event,
    samplers: &Samplers,
    stream: &mut Stream,
    outage: &mut Option<Outage>,
    queue: &mut Queue<Event>,
    outages: &mut Observations,
) {
    let now = queue.now();
    match (event, outage.as_mut()) {
        (Event::Fail(machine), None) => {
            *outage = Some(Outage { since: now, repaired: None, deadline: None });
            queue.schedule_after(samplers.to_notice.sample_span(stream), Event::Notice(machine));
        }
        (Event::Notice(machine), Some(outage)) => {
            let repair = samplers.to_repair.sample_span(stream);
            let patience = samplers.patience.sample_span(stream);
            outage.repaired = Some(queue.schedule_after(repair, Event::Repaired(machine)));
            outage.deadline = Some(queue.schedule_after(patience, Event::Deadline(machine)));
        }
        (Event::Deadline(machine), Some(outage)) => {
            // Wait on, take a spare machine, or begin again.
            let span = match samplers.choice.sample(stream) {
                0 => return,
                1 => samplers.spare.sample_span(stream),
                _ => samplers.second_try.sample_span(stream),
            };
            if outage.repaired.take().is_some_and(|key| queue.cancel(key)) {
                outage.repaired = Some(queue.schedule_after(span, Event::Repaired(machine)));
            }
        }
        (Event::Repaired(machine), Some(ended)) => {
            outages.record(now.since(ended.since).millis());
            if let Some(key) = ended.deadline {
                queue.cancel(key);
            }
            *outage = None;
            queue.schedule_after(samplers.to_failure.sample_span(stream), Event::Fail(machine));
        }
        // A machine fails once at a time, and only what has failed is repaired.
        (Event::Fail(_), Some(_))
        | (Event::Notice(_) | Event::Deadline(_) | Event::Repaired(_), None) => {}
    }
}

/// The trace and the statistics as one fingerprint; means and variances bit by bit.
fn summary(trace: &Trace<Event>, outages: &Observations) -> Fingerprint {
    let mut digest = Digest::new();
    let events = trace.fingerprint().bits();
    digest.word((events >> 64) as u64);
    digest.word(events as u64);
    digest.word(trace.events());
    digest.word(outages.count());
    for hundredths in [0, 5, 50, 95, 100] {
        digest.word(outages.percentile(hundredths).unwrap_or_default());
    }
    for value in [outages.mean(), outages.variance()] {
        digest.word(value.unwrap_or_default().to_bits());
    }
    digest.fingerprint()
}
