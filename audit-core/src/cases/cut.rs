//! `cut:`: a segment stops replicating.

use std::collections::BTreeSet;

use super::Family;
use crate::model::{Deployment, Need, Suffix};
use crate::recovery::{Case, Fault, Situation};
use crate::views::SuffixView;

/// A segment stops replicating, and nothing else connects what it connected.
///
/// Every segment, of either suffix, whose loss alone separates servers.
pub(super) static FAMILY: Family = Family {
    id: "cut",
    title: "A segment stops replicating",
    citation: "guide 3.1; FreeIPA wiki, HowTo/Remove replica in a managed topology",
    is_one_failure: false,
    are_alike: false,
    cases,
};

fn cases(deployment: &Deployment) -> Result<Vec<Case>, Vec<Need>> {
    let situation = Situation::of(deployment)?;
    let mut titles = BTreeSet::new();
    for suffix in Suffix::ALL {
        let topology = deployment.topology(suffix);
        for index in SuffixView::new(deployment, suffix).possible.cut_segments() {
            titles.extend(topology.segments.get(index).map(crate::model::Segment::title));
        }
    }
    titles.retain(|title| situation.links.iter().any(|link| link.title == *title));
    Ok(titles.into_iter().map(|title| Case::of(Fault::Cut(title))).collect())
}
