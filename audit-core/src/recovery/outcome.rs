//! How a disaster ends.

use std::fmt;

use crate::model::Need;

/// Outcome classes, best first. Closed; the order is the contract's (section 4).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum OutcomeClass {
    /// Nothing lost, no service touched.
    None,
    /// Recovered without loss (R0).
    NoLoss,
    /// Recovered; changes of a bounded window are lost (R1).
    BoundedLoss,
    /// Recovered, but something named is gone for good (R2).
    PartialLoss,
    /// Recovered in appearance, while servers differ silently (D).
    Divergent,
    /// Everything is lost (U).
    TotalLoss,
}

impl OutcomeClass {
    /// Every class, best first.
    pub const ALL: [Self; 6] = [
        Self::None,
        Self::NoLoss,
        Self::BoundedLoss,
        Self::PartialLoss,
        Self::Divergent,
        Self::TotalLoss,
    ];

    /// Name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::NoLoss => "no_loss",
            Self::BoundedLoss => "bounded_loss",
            Self::PartialLoss => "partial_loss",
            Self::Divergent => "divergent",
            Self::TotalLoss => "total_loss",
        }
    }

    /// Words for the report.
    pub fn words(self) -> &'static str {
        match self {
            Self::None => "no effect",
            Self::NoLoss => "no loss",
            Self::BoundedLoss => "bounded loss",
            Self::PartialLoss => "partial loss",
            Self::Divergent => "silent divergence",
            Self::TotalLoss => "TOTAL LOSS",
        }
    }
}

impl fmt::Display for OutcomeClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How one case ends, as far as the model tells.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Outcome {
    /// The class; `None` = unknown, which is outside the order.
    pub class: Option<OutcomeClass>,
    /// Length of the window whose changes are lost, in seconds; `None` if the class has no window
    /// or the model does not tell.
    pub loss_window_seconds: Option<u64>,
    /// What is lost, in words.
    pub lost: Vec<String>,
    /// What is missing to decide, sorted.
    pub needs: Vec<Need>,
}

impl Outcome {
    /// An outcome of this class that loses nothing more.
    pub fn of(class: OutcomeClass) -> Self {
        Self { class: Some(class), loss_window_seconds: None, lost: Vec::new(), needs: Vec::new() }
    }

    /// An outcome that cannot be decided.
    pub fn unknown(needs: Vec<Need>) -> Self {
        Self { class: None, loss_window_seconds: None, lost: Vec::new(), needs }
    }

    /// Name of the class in JSON.
    pub fn name(&self) -> &'static str {
        self.class.map_or("unknown", OutcomeClass::name)
    }

    /// The worse of two names for a summary: total loss, then unknown, then the worse class. What
    /// is unknown may be a total loss, so it ranks next to it.
    pub fn rank(&self) -> (u8, Option<OutcomeClass>) {
        match self.class {
            Some(OutcomeClass::TotalLoss) => (2, self.class),
            None => (1, None),
            Some(_) => (0, self.class),
        }
    }
}
