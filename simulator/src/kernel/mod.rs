//! What every simulation needs and none of it is about IdM: time, events in order, chance, and
//! the means to see that two runs were the same.
//!
//! ```text
//! streams --draws--> samplers --spans--> queue --(time, event)--> model --records--> trace
//!                        math                                           --numbers--> statistics
//! ```
//!
//! It never reads a clock, has no threads, and uses no other part of this workspace. All of it
//! gives the same bits in debug and release builds and on every platform, WebAssembly included.
//!
//! # Example
//!
//! One server that fails and is repaired, for thirty days:
//!
//! ```
//! use simulator::kernel::queue::Queue;
//! use simulator::kernel::samplers::{Exponential, LogNormal, Quantile};
//! use simulator::kernel::streams::Streams;
//! use simulator::kernel::time::{Span, Time};
//! use simulator::kernel::trace::Trace;
//!
//! #[derive(Clone, Copy)]
//! enum Event {
//!     Fail,
//!     Repair,
//! }
//!
//! let streams = Streams::new(7, 0);
//! let mut failures = streams.stream("server-loss/ipa1.example.test", 0);
//! let mut repairs = streams.stream("repair/ipa1.example.test", 0);
//! let time_to_failure = Exponential::from_mean(10.0 * 3600.0)?;
//! let time_to_repair = LogNormal::from_mean_and_sigma(3600.0, 1.0)?;
//!
//! let mut queue = Queue::new();
//! let mut trace = Trace::new();
//! let mut down = Span::ZERO;
//! queue.schedule_after(time_to_failure.sample_span(&mut failures), Event::Fail);
//! while let Some((now, event)) = queue.pop_until(Time::ZERO + Span::from_days(30)) {
//!     trace.record(now, event as u64);
//!     match event {
//!         Event::Fail => {
//!             let repair = time_to_repair.sample_span(&mut repairs);
//!             down = down + repair;
//!             queue.schedule_after(repair, Event::Repair);
//!         }
//!         Event::Repair => {
//!             queue.schedule_after(time_to_failure.sample_span(&mut failures), Event::Fail);
//!         }
//!     }
//! }
//! assert_eq!(trace.events(), 148);
//! assert_eq!(down.to_string(), "2d 23h 36m 44.411s");
//! # Ok::<(), simulator::kernel::samplers::Invalid>(())
//! ```

pub mod math;
pub mod queue;
pub mod samplers;
pub mod statistics;
pub mod streams;
pub mod time;
pub mod trace;
