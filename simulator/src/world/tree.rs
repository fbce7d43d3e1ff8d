//! The entries that are tracked as objects, and how replicated changes meet in them.
//!
//! Every change can be applied at any time and in any order between origins; what results is the
//! same on every server (`fidelity.md`, table i; `fidelity/conflicts.json`):
//!
//! - the later change of a replaced value wins, values that are added are united;
//! - what is known of the age of values is forgotten after the purge delay: a change that comes
//!   later than that wins over any value, also over a newer one;
//! - a deleted entry stays deleted, whatever was changed in it elsewhere, earlier or later;
//! - an entry that is added below a deleted one brings it back as *glue*, marked
//!   `deletedEntryHasChildren`;
//! - of two entries of the same name the earlier keeps it; the later is kept as a naming conflict.
//!
//! # Source
//!
//! 389-ds `urp.c`; measured in drill i. The purge delay: 389-ds `entry_purge_state_information`,
//! `replica_get_purge_csn`; `quantities.md` C.2; not measured.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::kernel::streams::mix;
use crate::kernel::time::Time;

use super::csn::{Csn, ReplicaId};

/// Identity of an entry (`nsuniqueid`): the change that added it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct EntryId(pub Csn);

/// The entry of the suffix itself.
pub const ROOT: EntryId = EntryId(Csn { time: Time::ZERO, sequence: 0, replica: ReplicaId(0) });

/// A replicated operation.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Operation {
    /// Writes nothing that is tracked: the server's keep-alive entry, for example.
    KeepAlive,
    /// Adds an entry.
    Add(NewEntry),
    /// Replaces or adds values of one attribute.
    Modify {
        /// The entry.
        entry: EntryId,
        /// The attribute.
        attribute: String,
        /// What happens to its values.
        modification: Modification,
    },
    /// Deletes an entry.
    Delete(EntryId),
}

/// An entry to add.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewEntry {
    /// The entry above it.
    pub parent: EntryId,
    /// Its relative name, for example `uid=alice`.
    pub name: String,
    /// The group that it is counted in.
    pub group: Option<Arc<str>>,
    /// Attributes and values.
    pub attributes: Vec<(String, String)>,
}

/// What happens to the values of an attribute.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Modification {
    /// One value takes the place of all.
    Replace(String),
    /// One value is added.
    Add(String),
}

/// Values of one attribute with the changes that brought them.
#[derive(Clone, Debug, Default)]
struct Attribute {
    replaced: Option<Csn>,
    values: BTreeMap<String, Csn>,
}

impl Attribute {
    /// Applies a change; nothing is known any more of the age of what is from before a time. True
    /// if it has won over a newer value.
    fn apply(&mut self, csn: Csn, modification: &Modification, known_from: Time) -> bool {
        let is_known = |of: &Csn| of.time >= known_from;
        let mut wins = false;
        if self.replaced.is_some_and(|replaced| !is_known(&replaced)) {
            wins = self.replaced > Some(csn);
            self.replaced = None;
        }
        match modification {
            Modification::Replace(value) if self.replaced < Some(csn) => {
                self.replaced = Some(csn);
                self.values.retain(|_, added| {
                    wins |= *added > csn && !is_known(added);
                    *added > csn && is_known(added)
                });
                self.values.insert(value.clone(), csn);
                wins
            }
            Modification::Add(value) if self.replaced < Some(csn) => {
                let added = self.values.entry(value.clone()).or_insert(csn);
                *added = (*added).max(csn);
                wins
            }
            Modification::Replace(_) | Modification::Add(_) => false,
        }
    }
}

/// An entry, living or a tombstone.
#[derive(Clone, Debug)]
pub struct Entry {
    parent: EntryId,
    name: Arc<str>,
    group: Option<Arc<str>>,
    attributes: BTreeMap<String, Attribute>,
    deleted: Option<Csn>,
}

impl Entry {
    /// The group it is counted in.
    pub fn group(&self) -> Option<&str> {
        self.group.as_deref()
    }

    /// Values of an attribute, sorted.
    pub fn values(&self, attribute: &str) -> impl Iterator<Item = &str> {
        self.attributes
            .get(attribute)
            .into_iter()
            .flat_map(|attribute| attribute.values.keys().map(String::as_str))
    }

    /// Whether another entry has the same attributes with the same values.
    pub fn has_values_of(&self, other: &Self) -> bool {
        self.attributes.len() == other.attributes.len()
            && self.attributes.iter().zip(&other.attributes).all(
                |((name, values), (other_name, other))| {
                    name == other_name && values.values.keys().eq(other.values.keys())
                },
            )
    }

    /// Names of its attributes, sorted.
    pub fn attributes(&self) -> impl Iterator<Item = &str> {
        self.attributes.keys().map(String::as_str)
    }
}

/// The tracked entries of one suffix on one server.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// Shared between servers and copies until one of them changes an entry.
    entries: BTreeMap<EntryId, Arc<Entry>>,
    /// Entries by the entry above them and by name.
    children: BTreeSet<(EntryId, Arc<str>, EntryId)>,
    rules: Rules,
    /// What was applied, as a number: see [`Tree::content`].
    content: u64,
}

/// Which of the rules above a wrong build leaves out; see [`super::planted`].
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "one for each rule")]
pub struct Rules {
    /// The value that arrives last wins, whenever it was written.
    pub last_arrival_wins: bool,
    /// A later change brings a deleted entry back.
    pub change_undoes_delete: bool,
    /// A parent is deleted with everything below it.
    pub no_glue: bool,
    /// The entry that arrives last takes the name.
    pub later_keeps_name: bool,
    /// The age of values from before this is not known any more; no mistake, but the purge delay.
    pub known_from: Time,
}

impl Tree {
    /// Applies a change. Applied twice, it changes nothing.
    pub fn apply(&mut self, csn: Csn, operation: &Operation, rules: Rules) {
        self.rules = rules;
        match operation {
            Operation::KeepAlive => {}
            Operation::Add(entry) => self.add(EntryId(csn), entry),
            Operation::Modify { entry, attribute, modification } => {
                self.modify(csn, *entry, attribute, modification);
            }
            Operation::Delete(id) => {
                if let Some(entry) = self.entries.get_mut(id).map(Arc::make_mut) {
                    let deleted = entry.deleted.map_or(csn, |deleted| deleted.min(csn));
                    if entry.deleted != Some(deleted) {
                        entry.deleted = Some(deleted);
                        self.count(deleted);
                    }
                }
            }
        }
    }

    fn add(&mut self, id: EntryId, new: &NewEntry) {
        if self.entries.contains_key(&id) {
            return;
        }
        let mut attributes: BTreeMap<String, Attribute> = BTreeMap::new();
        for (attribute, value) in &new.attributes {
            let values = attributes.entry(attribute.clone()).or_default();
            values.values.insert(value.clone(), id.0);
        }
        let name: Arc<str> = new.name.as_str().into();
        self.children.insert((new.parent, Arc::clone(&name), id));
        let entry =
            Entry { parent: new.parent, name, group: new.group.clone(), attributes, deleted: None };
        self.entries.insert(id, Arc::new(entry));
        self.count(id.0);
    }

    /// Takes a change that had an effect into the number of the content.
    fn count(&mut self, csn: Csn) {
        let mixed = [csn.time.millis(), u64::from(csn.sequence), u64::from(csn.replica.0)]
            .into_iter()
            .fold(0, |word, part| mix(word ^ part).wrapping_add(0x9e37_79b9_7f4a_7c15));
        self.content = self.content.wrapping_add(mixed);
    }

    fn modify(&mut self, csn: Csn, id: EntryId, name: &str, modification: &Modification) {
        let Some(entry) = self.entries.get_mut(&id).map(Arc::make_mut) else { return };
        if self.rules.change_undoes_delete && entry.deleted.is_some_and(|deleted| deleted < csn) {
            entry.deleted = None;
        }
        let attribute = entry.attributes.entry(name.to_owned()).or_default();
        if self.rules.last_arrival_wins {
            *attribute = Attribute::default();
        }
        let wins = attribute.apply(csn, modification, self.rules.known_from);
        self.count(csn);
        if wins {
            // The content differs from where the newer value came last.
            self.count(csn);
        }
    }

    /// Whether an entry can be found by a search: it was not deleted, or it is glue.
    pub fn has(&self, id: EntryId) -> bool {
        self.entries.get(&id).is_some_and(|entry| entry.deleted.is_none()) || self.is_glue(id)
    }

    /// Whether an entry was deleted and is there because of what lives below it.
    pub fn is_glue(&self, id: EntryId) -> bool {
        self.entries.get(&id).is_some_and(|entry| entry.deleted.is_some())
            && !self.rules.no_glue
            && self.living_children(id).next().is_some()
    }

    /// Whether an earlier entry keeps this one's name: one that was there when this was added.
    pub fn is_conflict(&self, id: EntryId) -> bool {
        let Some(entry) = self.entries.get(&id) else { return false };
        let of = |id| (entry.parent, Arc::clone(&entry.name), id);
        let same = self.children.range(of(ROOT)..);
        let same =
            same.take_while(|(parent, name, _)| *parent == entry.parent && *name == entry.name);
        same.map(|(_, _, other)| other).any(|other| {
            let (first, second) =
                if self.rules.later_keeps_name { (id, *other) } else { (*other, id) };
            let deleted = self.entries.get(&first).and_then(|entry| entry.deleted);
            first < second && deleted.is_none_or(|deleted| deleted > second.0)
        })
    }

    fn living_children(&self, id: EntryId) -> impl Iterator<Item = EntryId> {
        let below = self.children.range((id, Arc::default(), ROOT)..);
        below
            .take_while(move |(parent, _, _)| *parent == id)
            .map(|(_, _, child)| *child)
            .filter(|child| self.has(*child))
    }

    /// Removes tombstones that were deleted before a time.
    pub fn purge(&mut self, horizon: Time) {
        let is_old = |entry: &Entry| entry.deleted.is_some_and(|csn| csn.time < horizon);
        let old: Vec<EntryId> =
            self.entries.iter().filter(|(_, entry)| is_old(entry)).map(|(id, _)| *id).collect();
        for id in old.into_iter().rev() {
            if !self.is_glue(id) {
                self.remove(id);
            }
        }
    }

    fn remove(&mut self, id: EntryId) {
        let Some(entry) = self.entries.remove(&id) else { return };
        self.children.remove(&(entry.parent, Arc::clone(&entry.name), id));
    }

    /// All entries, tombstones among them, in the order of their identities.
    pub(super) fn ids(&self) -> impl Iterator<Item = EntryId> {
        self.entries.keys().copied()
    }

    /// Makes some entries what they are in another tree; what is not there goes.
    pub(super) fn take(&mut self, other: &Self, is_taken: impl Fn(EntryId) -> bool) {
        let is_gone = |id: &EntryId| is_taken(*id) && !other.entries.contains_key(id);
        let gone: Vec<EntryId> = self.ids().filter(is_gone).collect();
        for id in gone {
            self.remove(id);
        }
        for (id, entry) in other.entries.iter().filter(|(id, _)| is_taken(**id)) {
            self.children.insert((entry.parent, Arc::clone(&entry.name), *id));
            self.entries.insert(*id, Arc::clone(entry));
        }
        self.rules = other.rules;
        // A mixture is neither of the two.
        self.content = mix(self.content.rotate_left(1) ^ other.content);
    }

    /// A number of what was applied with effect: trees of equal numbers have equal living entries,
    /// but for a chance of about 2^-64. The reverse need not hold.
    pub const fn content(&self) -> u64 {
        self.content
    }

    /// An entry that can be found by a search.
    pub fn get(&self, id: EntryId) -> Option<&Entry> {
        self.entries.get(&id).filter(|_| self.has(id)).map(|entry| &**entry)
    }

    /// The living entries, oldest first.
    pub fn living(&self) -> impl Iterator<Item = (EntryId, &Entry)> {
        let all = self.entries.iter();
        all.filter(|(id, entry)| entry.deleted.is_none() || self.is_glue(**id))
            .map(|(id, entry)| (*id, &**entry))
    }

    /// The living entries of a group, oldest first.
    pub fn group(&self, name: &str) -> impl Iterator<Item = (EntryId, &Entry)> {
        self.living().filter(move |(_, entry)| entry.group() == Some(name))
    }

    /// Number of tombstones.
    pub fn tombstones(&self) -> usize {
        self.entries.keys().filter(|id| !self.has(**id)).count()
    }

    /// Number of living entries.
    pub fn len(&self) -> usize {
        self.living().count()
    }

    /// Whether no living entry is tracked.
    pub fn is_empty(&self) -> bool {
        self.living().next().is_none()
    }

    /// The path of an entry from itself to the suffix, names joined by commas; a naming conflict
    /// begins with its identity.
    pub fn path(&self, id: EntryId) -> String {
        let mut parts = Vec::new();
        let mut at = id;
        while let Some(entry) = self.entries.get(&at) {
            if self.is_conflict(at) {
                parts.push(format!("nsuniqueid={}+{}", at.0, entry.name));
            } else {
                parts.push(entry.name.to_string());
            }
            at = entry.parent;
        }
        parts.join(",")
    }

    /// An entry as a search shows it: its attributes, and what the server adds to glue and to
    /// naming conflicts. `suffix` is the name of the suffix, for the text of a conflict.
    pub fn shown(&self, id: EntryId, suffix: &str) -> BTreeMap<String, BTreeSet<String>> {
        let Some(entry) = self.entries.get(&id) else { return BTreeMap::new() };
        let mut shown: BTreeMap<String, BTreeSet<String>> = entry
            .attributes()
            .map(|name| (name.to_owned(), entry.values(name).map(str::to_owned).collect()))
            .collect();
        let mut add = |attribute: &str, value: String| {
            shown.entry(attribute.to_owned()).or_default().insert(value);
        };
        if self.is_glue(id) {
            add("objectClass", "glue".to_owned());
            add("objectClass", "extensibleobject".to_owned());
            add("nsds5ReplConflict", "deletedEntryHasChildren".to_owned());
        }
        if self.is_conflict(id) {
            let wanted = self.wanted_path(id);
            add("objectClass", "ldapsubentry".to_owned());
            add("nsds5ReplConflict", format!("namingConflict (ADD) {wanted},{suffix}"));
        }
        shown
    }

    /// The name that an entry was given, with the names above it.
    fn wanted_path(&self, id: EntryId) -> String {
        let Some(entry) = self.entries.get(&id) else { return String::new() };
        let above = self.path(entry.parent);
        if above.is_empty() { entry.name.to_string() } else { format!("{},{above}", entry.name) }
    }
}
