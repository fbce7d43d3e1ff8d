//! Recordings of real servers, played in the world and compared.
//!
//! A recording is a JSON list of drills: a topology, actions, and what was observed in each
//! repetition. [`play`] plays the actions and gives what the model observes, in the same shape;
//! [`compare`] says where the two differ.
//!
//! ```
//! let text = r#"[{
//!     "name": "a-line", "deterministic": true, "exact": ["present"],
//!     "topology": { "servers": ["s1", "s2"], "segments": [["s1", "s2"]] },
//!     "actions": [ { "do": "write", "on": "s1", "group": "g", "count": 3, "rate_per_s": 10 },
//!                  { "do": "wait_converged" } ],
//!     "observed": [ { "present": { "g": { "s1": 3, "s2": 3 } } } ]
//! }]"#;
//! let drills = simulator::replay::read(text)?;
//! let predicted = simulator::replay::play(&drills[0], 0)?;
//! assert_eq!(predicted["present"]["g"]["s2"], 3);
//! assert!(simulator::replay::compare(&drills[0], &[predicted]).is_empty());
//! # Ok::<(), simulator::replay::ReplayError>(())
//! ```

mod compare;
mod node;
mod observe;
mod outcome;
mod pace;
mod player;
mod recording;

use std::fmt;

pub use compare::{Difference, compare, ranges, unknown_fields};
pub use player::{Player, play};
pub use recording::{Action, Drill, Kind, Trimming, read, read_each};

/// What is wrong with a recording: which drill, where, and what was expected.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReplayError {
    /// Name of the drill; empty if the file itself is meant.
    pub drill: String,
    /// JSON pointer into the file.
    pub pointer: String,
    /// What is wrong and what was expected.
    pub message: String,
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.drill.is_empty() {
            write!(f, "drill \"{}\": ", self.drill)?;
        }
        if !self.pointer.is_empty() {
            write!(f, "at {}: ", self.pointer)?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for ReplayError {}
