//! Replication topology as it is stored: segments per suffix.

use std::fmt;

use super::Fqdn;
use crate::evidence::Sources;

/// Direction of a segment, as `ipaReplTopoSegmentDirection` stores it. Closed.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Direction {
    /// Both servers send to each other.
    Both,
    /// Only the left server sends.
    LeftRight,
    /// Only the right server sends.
    RightLeft,
}

impl Direction {
    /// Every direction.
    pub const ALL: [Self; 3] = [Self::Both, Self::LeftRight, Self::RightLeft];

    /// The stored word. Never translated.
    pub fn name(self) -> &'static str {
        match self {
            Self::Both => "both",
            Self::LeftRight => "left-right",
            Self::RightLeft => "right-left",
        }
    }

    /// Reads the stored word in any letter case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|direction| direction.name().eq_ignore_ascii_case(text.trim()))
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What identifies a segment within its suffix. The name is arbitrary, but two segments between the
/// same servers differ in it.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct SegmentKey {
    /// Left node.
    pub left: Fqdn,
    /// Right node.
    pub right: Fqdn,
    /// Direction as stored.
    pub direction: Direction,
    /// Name, if the export gives one.
    pub name: Option<String>,
}

/// A topology segment: two servers that are configured to replicate one suffix.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Segment {
    /// Name and ends.
    pub key: SegmentKey,
    /// Whether its agreements are enabled; `None` where no export says so.
    pub enabled: Option<bool>,
    /// True if a list that claims to be complete does not have this segment.
    pub disputed: bool,
    /// Where it was read.
    pub sources: Sources,
}

impl Segment {
    /// The segment as text: its name, or its ends.
    pub fn title(&self) -> String {
        match &self.key.name {
            Some(name) => name.clone(),
            None => format!("{} - {}", self.key.left, self.key.right),
        }
    }

    /// True if the server is one of its ends.
    pub fn touches(&self, server: &Fqdn) -> bool {
        &self.key.left == server || &self.key.right == server
    }
}

/// What is known of the segments of one suffix.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Topology {
    /// Every segment that some export lists, as stored, sorted by its key.
    pub segments: Vec<Segment>,
    /// True if some export lists the suffix completely: there are no segments but these.
    pub complete: bool,
    /// Where complete lists were read.
    pub sources: Sources,
}

impl Topology {
    /// True if the segments are known: a complete list exists and no complete list contradicts
    /// another.
    pub fn is_known(&self) -> bool {
        self.complete && self.segments.iter().all(|segment| !segment.disputed)
    }
}
