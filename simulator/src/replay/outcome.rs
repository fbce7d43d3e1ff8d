//! What a played drill gives, in the shape of the recordings.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::observe;
use super::player::Player;
use crate::world::ReplicaIndex;
use crate::world::tree::EntryId;

impl Player<'_> {
    pub(super) fn classes(&self) -> Value {
        observe::agreement_classes(&self.world, &self.names)
    }

    pub(super) fn see(&self) -> Map<String, Value> {
        let mut groups = self.groups.clone();
        // Sums that the recording counted.
        for observed in &self.drill.observed {
            let present = observed.get("present").and_then(Value::as_object);
            for key in present.into_iter().flat_map(Map::keys) {
                if key.contains('+') && !groups.contains(key) {
                    groups.push(key.clone());
                }
            }
        }
        observe::look(&self.world, &self.names, &groups, &self.modified)
    }

    /// What only one side of a cut holds, of the writes of `write_all`.
    pub(super) fn compare_islands(&mut self) {
        let live = observe::live(&self.world, &self.names);
        let Some((_, left)) = live.first() else { return };
        let is_right = |replica: &ReplicaIndex| !observe::is_same(&self.world, *left, *replica);
        let right: Vec<_> = live.iter().map(|(_, replica)| *replica).filter(is_right).collect();
        let mut equal = true;
        if let Some(first) = right.first() {
            let only = |one, other| json!(observe::only_on(&self.world, one, other));
            self.islands.insert("only_left".to_owned(), only(*left, *first));
            self.islands.insert("only_right".to_owned(), only(*first, *left));
            equal = right.iter().all(|server| observe::is_same(&self.world, *first, *server));
        }
        self.islands.insert("right_halves_equal".to_owned(), json!(equal));
    }

    /// Acknowledged writes of some servers that no running server holds.
    fn lost(&self, of: impl Fn(&str) -> bool, anywhere: bool) -> usize {
        let live = observe::live(&self.world, &self.names);
        let acked = self.acked.iter().filter(|(name, _)| of(name)).flat_map(|(_, ids)| ids);
        let is_lost = |id: &&EntryId| {
            let mut has = live.iter().map(|(_, replica)| self.world.has(*replica, **id));
            if anywhere { !has.any(|has| has) } else { !has.all(|has| has) }
        };
        acked.filter(is_lost).count()
    }

    /// What was observed, in the recordings' shape, without times.
    pub fn observed(&self) -> Value {
        let mut observed = Map::new();
        let written: Map<_, _> =
            self.acked.iter().map(|(name, ids)| (name.clone(), json!(ids.len()))).collect();
        let written = if written.is_empty() { self.written.clone() } else { written };
        observed.insert("written".to_owned(), Value::Object(written));
        observed.extend(self.at_the_end());
        for key in ["only_left", "only_right", "right_halves_equal"] {
            if let Some(value) = self.islands.get(key) {
                observed.insert(key.to_owned(), value.clone());
            }
        }
        if !self.acked.is_empty() {
            for name in &self.killed {
                let lost = self.lost(|of| of == name, true);
                observed.insert(format!("lost_of_{name}"), json!(lost));
            }
            let lost = self.lost(|of| !self.killed.contains(of), false);
            observed.insert("lost_of_survivors".to_owned(), json!(lost));
        }
        if let Some((last, earlier)) = self.probes.split_last() {
            let live = observe::live(&self.world, &self.names).len();
            let all = |reach: &BTreeMap<String, Vec<String>>| {
                reach.len() == live && reach.values().all(|servers| servers.len() == live)
            };
            observed.insert("probe_converges".to_owned(), json!(all(&last.1)));
            observed.insert("probe_reach".to_owned(), json!(last.1));
            if !earlier.is_empty() {
                let rows: Vec<_> = earlier
                    .iter()
                    .map(|(action, reach)| {
                        json!({ "action": action, "converges": all(reach), "reach": reach })
                    })
                    .collect();
                observed.insert("earlier_probes".to_owned(), json!(rows));
            }
        }
        for (key, rows) in [
            ("observe", &self.looks),
            ("wait_converged", &self.waits),
            ("initializations", &self.initializations),
            ("action_errors", &self.errors),
        ] {
            if !rows.is_empty() {
                observed.insert(key.to_owned(), json!(rows));
            }
        }
        Value::Object(observed)
    }

    /// The state that the recording gives at its top: at the end, or, where a repair follows the
    /// last look, at that look.
    fn at_the_end(&self) -> Map<String, Value> {
        let at_look = self.drill.exact.iter().any(|field| field == "converged_after_reinit");
        let mut state = match self.looks.last() {
            Some(Value::Object(look)) if at_look => look.clone(),
            _ => {
                let mut state = self.see();
                state.insert("agreement_class".to_owned(), self.classes());
                state
            }
        };
        state.shift_remove("action");
        if at_look && let Some(converged) = self.converged_after_reinit {
            state.insert("converged_after_reinit".to_owned(), json!(converged));
        }
        state
    }
}
