//! Where a prediction and a recording differ.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::recording::Drill;

/// A value that was predicted otherwise than it was observed.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// JSON pointer into an observation.
    pub pointer: String,
    /// What the model says.
    pub predicted: Value,
    /// What was observed, one value per repetition that differs from the others.
    pub observed: Vec<Value>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let observed: Vec<String> = self.observed.iter().map(Value::to_string).collect();
        let observed = observed.join(" or ");
        write!(f, "{}: predicted {}, observed {observed}", self.pointer, self.predicted)
    }
}

/// Fields of an observation that are compared; all others are times, or say how it was measured.
const COMPARED: [&str; 16] = [
    "agreement_class",
    "agreement_error",
    "converged_after_reinit",
    "converges",
    "disabled_agreements",
    "earlier_probes",
    "generation_equal",
    "generations",
    "live",
    "lost_of_survivors",
    "observe",
    "present",
    "probe_converges",
    "probe_reach",
    "replica_ids_in_ruv",
    "values",
];

/// Fields that are compared only where the recording calls them exact.
const ONLY_IF_EXACT: [&str; 1] = ["right_halves_equal"];

/// Fields that say how something was measured; names with `seconds` or `_s` are times.
const NOT_COMPARED: [&str; 7] = [
    "action_errors",
    "cleanallruv",
    "initializations",
    "only_left",
    "only_right",
    "wait_converged",
    "written",
];

/// Pointers to what a drill says of itself and is not used, and to what was observed and is neither
/// compared nor known as a time or a measurement.
pub fn unknown_fields(drill: &Drill) -> Vec<String> {
    let is_known = |key: &str| {
        COMPARED.contains(&key)
            || ONLY_IF_EXACT.contains(&key)
            || NOT_COMPARED.contains(&key)
            || key.contains("seconds")
            || key.ends_with("_s")
            || key.starts_with("lost_of_")
    };
    let mut unknown: Vec<String> = drill
        .observed
        .iter()
        .enumerate()
        .flat_map(|(index, observed)| {
            let keys = observed.as_object().into_iter().flat_map(serde_json::Map::keys);
            keys.filter(|key| !is_known(key))
                .map(move |key| format!("{}/observed/{index}/{key}", drill.pointer))
        })
        .collect();
    unknown.extend(drill.unknown.iter().cloned());
    unknown.sort();
    unknown
}

/// Values at their pointers.
type Leaves = BTreeMap<String, Value>;

/// Every difference between a prediction and what was observed, in the fields that are compared.
///
/// A value that varied between repetitions is met by any of them, unless the recording lists it
/// under `varies`: then it is not compared at all. Only what was observed is compared.
pub fn compare(drill: &Drill, predicted: &[Value]) -> Vec<Difference> {
    let observed: Vec<Leaves> =
        drill.observed.iter().map(|observed| leaves(drill, observed)).collect();
    let mut differences = Vec::new();
    for prediction in predicted {
        let prediction = leaves(drill, prediction);
        for (pointer, values) in united(&observed) {
            if drill.varies.contains(&pointer) {
                continue;
            }
            let predicted = prediction.get(&pointer).cloned().unwrap_or(Value::Null);
            if !values.contains(&predicted) {
                let difference = Difference { pointer, predicted, observed: values };
                if !differences.contains(&difference) {
                    differences.push(difference);
                }
            }
        }
    }
    differences
}

/// For each compared value: what was predicted, over all predictions, beside what was observed.
/// Only values of which either side has more than one, or the two sides differ.
pub fn ranges(drill: &Drill, predicted: &[Value]) -> Vec<(String, Vec<Value>, Vec<Value>)> {
    let read = |values: &[Value]| -> Vec<Leaves> {
        values.iter().map(|value| leaves(drill, value)).collect()
    };
    let predicted = united(&read(predicted));
    united(&read(&drill.observed))
        .into_iter()
        .map(|(pointer, observed)| {
            let predicted = predicted.get(&pointer).cloned().unwrap_or_default();
            (pointer, predicted, observed)
        })
        .filter(|(_, predicted, observed)| {
            predicted.len() != 1 || observed.len() != 1 || predicted != observed
        })
        .collect()
}

/// The distinct values at each pointer, in the order of the repetitions.
fn united(observed: &[Leaves]) -> BTreeMap<String, Vec<Value>> {
    let mut all: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for leaves in observed {
        for (pointer, value) in leaves {
            let values = all.entry(pointer.clone()).or_default();
            if !values.contains(value) {
                values.push(value.clone());
            }
        }
    }
    all
}

/// The compared values of an observation.
fn leaves(drill: &Drill, observed: &Value) -> Leaves {
    let mut found = Leaves::new();
    for (key, value) in observed.as_object().into_iter().flatten() {
        let exact = drill.exact.iter().any(|field| field == key);
        let compared =
            COMPARED.contains(&key.as_str()) || (exact && ONLY_IF_EXACT.contains(&key.as_str()));
        if compared {
            collect(&mut found, &format!("/{key}"), key, value);
        }
    }
    found
}

fn collect(found: &mut Leaves, pointer: &str, key: &str, value: &Value) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                let is_field =
                    pointer.starts_with("/observe/") && pointer.matches('/').count() == 2;
                if is_field && !COMPARED.contains(&name.as_str()) {
                    continue;
                }
                let key = if is_field { name } else { key };
                collect(found, &format!("{pointer}/{name}"), key, value);
            }
        }
        Value::Array(list) if matches!(key, "observe" | "earlier_probes") => {
            for (index, value) in list.iter().enumerate() {
                collect(found, &format!("{pointer}/{index}"), key, value);
            }
        }
        Value::Array(list) => {
            found.insert(pointer.to_owned(), sorted(key, list));
        }
        Value::Number(number) if key == "agreement_error" => {
            found.insert(pointer.to_owned(), Value::from(class_of(number.as_i64())));
        }
        value => {
            found.insert(pointer.to_owned(), value.clone());
        }
    }
}

/// Lists of names mean sets.
fn sorted(key: &str, list: &[Value]) -> Value {
    let mut list = list.to_vec();
    if key == "generations" {
        for group in &mut list {
            if let Value::Array(names) = group {
                names.sort_by_key(Value::to_string);
            }
        }
    }
    list.sort_by_key(Value::to_string);
    Value::Array(list)
}

/// The class of an error number; a number that no class holds stays visible.
fn class_of(error: Option<i64>) -> String {
    match error {
        Some(0 | 1) => "ok".to_owned(),
        Some(18) => "stuck".to_owned(),
        Some(19) => "generation".to_owned(),
        Some(-1) => "unreachable".to_owned(),
        Some(other) => format!("error {other}"),
        None => "error".to_owned(),
    }
}
