//! A fact and where it was read. Nothing in the model is believed without a [`Source`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::Fqdn;
use crate::time::Timestamp;

/// One place where something was read.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Source {
    /// Name of the input file as the caller gave it.
    pub file: Arc<str>,
    /// Line of the file, counted from 1; `None` where the format has no lines (JSON pointers).
    pub line: Option<u64>,
    /// LDAP DN or JSON pointer of the entry that states the fact.
    pub pointer: Option<String>,
    /// What was read there, shortened to the part that matters and free of secrets.
    pub observed: String,
    /// When the state was observed, if the file says so.
    pub observed_at: Option<Timestamp>,
    /// Server that was asked, if the file says so.
    pub observed_from: Option<Fqdn>,
    /// True if the place says what shall be, not what is: an Ansible inventory or playbook.
    pub planned: bool,
}

impl Source {
    /// A source at a line of a file.
    pub fn at_line(file: &Arc<str>, line: u64, observed: impl Into<String>) -> Self {
        Self {
            file: Arc::clone(file),
            line: Some(line),
            pointer: None,
            observed: observed.into(),
            observed_at: None,
            observed_from: None,
            planned: false,
        }
    }

    /// The same source as one that says what shall be.
    #[must_use]
    pub fn planned(mut self) -> Self {
        self.planned = true;
        self
    }

    /// The same source with the DN or JSON pointer of the entry.
    #[must_use]
    pub fn with_pointer(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = Some(pointer.into());
        self
    }
}

/// Every place that states one thing, in order.
pub type Sources = BTreeSet<Source>;

/// Values that inputs state for one thing, each with its sources.
///
/// The union of two such maps is the same in any order, which is why the order of input files
/// cannot change the model.
pub type Claims<T> = BTreeMap<T, Sources>;

/// What is known of one thing.
///
/// A closed enum: rules match it exhaustively. `Unknown` and `Conflict` never count as a pass.
/// What export or question would settle an unknown fact depends on the thing itself: see
/// [`Need`](crate::model::Need).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Fact<T> {
    /// No input states it.
    #[default]
    Unknown,
    /// All inputs that state it agree.
    Known {
        /// The value.
        value: T,
        /// Every place that states it.
        sources: Sources,
    },
    /// Inputs contradict each other; all values are kept.
    Conflict(Claims<T>),
}

impl<T> Fact<T> {
    /// A fact that a change of the model makes: known, without evidence.
    pub(crate) fn made(value: T) -> Self {
        Self::Known { value, sources: Sources::new() }
    }
}

impl<T: Ord + Clone> Fact<T> {
    /// States a value: the union of what was stated, in any order.
    pub fn claim(&mut self, value: T, sources: Sources) {
        *self = match std::mem::take(self) {
            Self::Unknown => Self::Known { value, sources },
            Self::Known { value: known, sources: mut all } if known == value => {
                all.extend(sources);
                Self::Known { value, sources: all }
            }
            Self::Known { value: known, sources: all } => {
                Self::Conflict(Claims::from([(known, all), (value, sources)]))
            }
            Self::Conflict(mut claims) => {
                claims.entry(value).or_default().extend(sources);
                Self::Conflict(claims)
            }
        };
    }

    /// States everything that `other` states.
    pub fn merge(&mut self, other: Self) {
        match other {
            Self::Unknown => {}
            Self::Known { value, sources } => self.claim(value, sources),
            Self::Conflict(claims) => {
                for (value, sources) in claims {
                    self.claim(value, sources);
                }
            }
        }
    }

    /// The fact that the claims add up to.
    pub fn from_claims(claims: &Claims<T>) -> Self {
        let mut values = claims.iter();
        match (values.next(), values.next()) {
            (None, _) => Self::Unknown,
            (Some((value, sources)), None) => {
                Self::Known { value: value.clone(), sources: sources.clone() }
            }
            (Some(_), Some(_)) => Self::Conflict(claims.clone()),
        }
    }

    /// Every value that is stated, with its places.
    pub fn claims(self) -> Claims<T> {
        match self {
            Self::Unknown => Claims::new(),
            Self::Known { value, sources } => Claims::from([(value, sources)]),
            Self::Conflict(claims) => claims,
        }
    }

    /// The value if it is known and undisputed.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Known { value, .. } => Some(value),
            Self::Unknown | Self::Conflict(_) => None,
        }
    }

    /// Every place that states the fact, whatever it says there.
    pub fn sources(&self) -> Sources {
        match self {
            Self::Unknown => Sources::new(),
            Self::Known { sources, .. } => sources.clone(),
            Self::Conflict(claims) => claims.values().flatten().cloned().collect(),
        }
    }

    /// True if the value can only be one that satisfies `test`.
    ///
    /// A conflict whose every value satisfies it is certain too.
    pub fn certainly(&self, test: impl Fn(&T) -> bool) -> bool {
        match self {
            Self::Unknown => false,
            Self::Known { value, .. } => test(value),
            Self::Conflict(claims) => claims.keys().all(test),
        }
    }

    /// True if the value may be one that satisfies `test`: an unknown fact may be anything.
    pub fn possibly(&self, test: impl Fn(&T) -> bool) -> bool {
        match self {
            Self::Unknown => true,
            Self::Known { value, .. } => test(value),
            Self::Conflict(claims) => claims.keys().any(test),
        }
    }
}
