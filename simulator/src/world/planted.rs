//! Wrong mechanisms on purpose, to show that the suite would notice them.
//!
//! They exist in builds with the feature `planted` only; without it every question is answered
//! with a constant no, and the branches are not compiled.

/// One wrong mechanism. Its name says what it does instead of the right thing.
#[cfg_attr(not(feature = "planted"), allow(dead_code, reason = "asked for, never planted"))]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mutation {
    /// An import without the vector keeps the generation.
    RestoreKeepsGeneration,
    /// Everything is sent that the consumer lacks, also below its maximum.
    SetDifference,
    /// What a disabled agreement's consumer lacks is trimmed.
    TrimIgnoresDisabled,
    /// Age alone decides what is trimmed.
    TrimIgnoresConsumers,
    /// Also the newest change of an origin is trimmed.
    TrimRemovesAnchors,
    /// "Busy" is retried with doubling waits.
    BusyRetryDoubles,
    /// A returned server is pushed to at once.
    NoBackoff,
    /// A snapshot comes back with a new generation.
    SnapshotRefused,
    /// A total update leaves the target's own writes in place.
    TotalKeepsOwnWrites,
    /// A total update brings the source's changelog.
    TotalCopiesChangelog,
    /// An import keeps the changelog.
    ImportKeepsChangelog,
    /// No keep-alive write follows a start.
    NoKeepAliveAfterStart,
    /// No keep-alive write follows an online restore, import or total update.
    NoKeepAliveAfterLoad,
    /// No keep-alive write follows the first one.
    NoHourlyKeepAlive,
    /// A missing anchor is ignored; what is left is sent.
    AnchorIgnored,
    /// Sending starts at the greatest of the consumer's maxima.
    AnchorIsGreatest,
    /// A marker raises the consumer's maximum.
    MarkerIsSent,
    /// A receiver takes several suppliers at a time.
    ReceiverShared,
    /// A session keeps its receiver however long others wait.
    NeverYields,
    /// `CLEANALLRUV` reaches servers behind a cut.
    CleanCrossesCuts,
    /// A cleaned replica id never comes back.
    CleanedForGood,
    /// A removed server that is booted again is pushed to.
    GhostReceives,
    /// A removed server that is booted again cannot push.
    GhostRefused,
    /// A total update goes on after its target was killed.
    TargetResumes,
    /// A total update does not go on after its source was killed.
    SourceDoesNotResume,
    /// A server of another generation can still be pushed to.
    GenerationIgnored,
    /// A new segment replicates only after an initialization.
    BridgeNeedsTotalUpdate,
    /// Newest changes are sent first.
    NewestFirst,
    /// The value that arrives last wins.
    LastArrivalWins,
    /// A later change brings a deleted entry back.
    ChangeUndoesDelete,
    /// Entries below a deleted entry are deleted with it.
    NoGlue,
    /// The later of two entries of one name keeps it.
    LaterKeepsName,
    /// An online export is of the moment when it begins.
    ExportIsAPoint,
}

#[cfg(feature = "planted")]
impl Mutation {
    /// All of them.
    pub const ALL: [Self; 33] = [
        Self::RestoreKeepsGeneration,
        Self::SetDifference,
        Self::TrimIgnoresDisabled,
        Self::TrimIgnoresConsumers,
        Self::TrimRemovesAnchors,
        Self::BusyRetryDoubles,
        Self::NoBackoff,
        Self::SnapshotRefused,
        Self::TotalKeepsOwnWrites,
        Self::TotalCopiesChangelog,
        Self::ImportKeepsChangelog,
        Self::NoKeepAliveAfterStart,
        Self::NoKeepAliveAfterLoad,
        Self::NoHourlyKeepAlive,
        Self::AnchorIgnored,
        Self::AnchorIsGreatest,
        Self::MarkerIsSent,
        Self::ReceiverShared,
        Self::NeverYields,
        Self::CleanCrossesCuts,
        Self::CleanedForGood,
        Self::GhostReceives,
        Self::GhostRefused,
        Self::TargetResumes,
        Self::SourceDoesNotResume,
        Self::GenerationIgnored,
        Self::BridgeNeedsTotalUpdate,
        Self::NewestFirst,
        Self::LastArrivalWins,
        Self::ChangeUndoesDelete,
        Self::NoGlue,
        Self::LaterKeepsName,
        Self::ExportIsAPoint,
    ];
}

/// The wrong mechanism of a world, if one is planted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Planted {
    #[cfg(feature = "planted")]
    mutation: Option<Mutation>,
}

impl Planted {
    /// Whether this mechanism is wrong here.
    #[cfg(feature = "planted")]
    pub(super) fn has(self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }

    /// Whether this mechanism is wrong here: never.
    #[cfg(not(feature = "planted"))]
    #[expect(clippy::unused_self, reason = "the same call in both builds")]
    pub(super) const fn has(self, _: Mutation) -> bool {
        false
    }

    /// Plants one.
    #[cfg(feature = "planted")]
    pub(super) const fn with(mutation: Mutation) -> Self {
        Self { mutation: Some(mutation) }
    }
}
