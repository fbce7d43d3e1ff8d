//! JSON-RPC answers of the FreeIPA API: envelope, batch, and values with or without the wrappers of
//! newer API versions.
//!
//! Source: FreeIPA `ipaserver/rpcserver.py` (`jsonserver.marshal`), `ipaserver/plugins/batch.py`,
//! `ipalib/ipajson.py`.

use serde_json::{Map, Value};

use super::json::Document;
use super::ldif::decode_base64;

/// Everything that one document answers.
#[derive(Debug)]
pub struct Answer<'a> {
    /// IPA version of the server that answered.
    pub server_version: Option<&'a str>,
    /// Its calls, several for a batch.
    pub calls: Vec<Call<'a>>,
}

/// One call and its outcome.
#[derive(Debug)]
pub struct Call<'a> {
    /// JSON pointer of the outcome.
    pub pointer: String,
    /// What was asked, where the text shows it.
    pub request: Option<Request<'a>>,
    /// What came back.
    pub outcome: Outcome<'a>,
}

/// A call as the client sent it.
#[derive(Debug)]
pub struct Request<'a> {
    /// Method without its version, for example `server_find`.
    pub method: &'a str,
    /// Positional arguments.
    pub arguments: &'a [Value],
    /// Options.
    pub options: &'a Map<String, Value>,
}

/// What came back. Closed.
#[derive(Debug)]
pub enum Outcome<'a> {
    /// The command's output: `result`, `count`, `truncated`, and so on.
    Answered(&'a Map<String, Value>),
    /// An error.
    Failed {
        /// Class of the error, for example `NotFound`.
        name: &'a str,
        /// Its text.
        message: &'a str,
    },
}

impl<'a> Answer<'a> {
    /// Reads a document; `None` if it is no answer of the API. The envelope is optional: programs
    /// that call the API save the command's output alone.
    pub fn of(document: &'a Document) -> Option<Self> {
        let top = document.value.as_object()?;
        let server_version = top.get("version").and_then(Value::as_str);
        let request = document.request.as_ref().and_then(Request::of);
        let is_envelope = top.contains_key("error") && top.contains_key("result");
        let has_caller = ["id", "principal"].iter().any(|key| top.contains_key(*key));
        if is_envelope && has_caller {
            let outcome = match top.get("error") {
                None | Some(Value::Null) => Outcome::Answered(top.get("result")?.as_object()?),
                Some(error) => Outcome::Failed {
                    name: text_of(error, "name"),
                    message: text_of(error, "message"),
                },
            };
            let calls = calls(outcome, "/result".to_owned(), request);
            return Some(Self { server_version, calls });
        }
        let is_output = ["count", "summary", "value", "truncated"].iter();
        let is_output = is_output.filter(|key| top.contains_key(**key)).count() >= 2;
        if top.contains_key("results") || (top.contains_key("result") && is_output) {
            let calls = calls(Outcome::Answered(top), String::new(), request);
            return Some(Self { server_version: None, calls });
        }
        None
    }
}

fn text_of<'a>(map: &'a Value, key: &str) -> &'a str {
    map.get(key).and_then(Value::as_str).unwrap_or("without a text")
}

/// A call, or the calls of a batch. Their requests are in the same order.
fn calls<'a>(outcome: Outcome<'a>, pointer: String, request: Option<Request<'a>>) -> Vec<Call<'a>> {
    let items = match &outcome {
        Outcome::Answered(output) => output.get("results").and_then(Value::as_array),
        Outcome::Failed { .. } => None,
    };
    let Some(items) = items else { return vec![Call { pointer, request, outcome }] };
    let requests = request.as_ref().filter(|request| request.method == "batch");
    // Programs may put the list of requests into one argument.
    let requests = requests.map(|request| match request.arguments {
        [Value::Array(requests)] => requests.as_slice(),
        requests => requests,
    });
    let requests = requests.filter(|requests| requests.len() == items.len());
    let mut calls = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let Some(output) = item.as_object() else { continue };
        let outcome = match output.get("error") {
            None | Some(Value::Null) => Outcome::Answered(output),
            // A text here; an object in the envelope.
            Some(error) => Outcome::Failed {
                name: text_of(item, "error_name"),
                message: error.as_str().unwrap_or_else(|| text_of(error, "message")),
            },
        };
        let request = requests.and_then(|requests| requests.get(index)).and_then(Request::of);
        calls.push(Call { pointer: format!("{pointer}/results/{index}"), request, outcome });
    }
    calls
}

impl<'a> Request<'a> {
    fn of(value: &'a Value) -> Option<Self> {
        let method = value.get("method")?.as_str()?;
        let method = method.split('/').next().unwrap_or(method);
        let params = value.get("params")?.as_array()?;
        let arguments = params.first()?.as_array()?;
        let options = params.get(1)?.as_object()?;
        Some(Self { method, arguments, options })
    }

    /// A positional argument or the option of the same name, as text.
    pub fn argument(&self, index: usize, option: &str) -> Option<String> {
        let value = self.arguments.get(index).or_else(|| self.options.get(option))?;
        text(value)
    }
}

/// An entry: an object of which every attribute is a list, a single value, or absent.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a>(pub &'a Map<String, Value>);

impl Entry<'_> {
    /// Every value of the first of these keys that is there. Keys are compared without letter case:
    /// `raw` keeps the spelling of the schema.
    pub fn values(self, keys: &[&str]) -> Vec<String> {
        let found = keys.iter().find_map(|key| {
            self.0.get(*key).or_else(|| {
                self.0.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, v)| v)
            })
        });
        match found {
            Some(Value::Array(values)) => values.iter().filter_map(text).collect(),
            Some(value) => text(value).into_iter().collect(),
            None => Vec::new(),
        }
    }

    /// The first value of the first of these keys that is there.
    pub fn value(self, keys: &[&str]) -> Option<String> {
        self.values(keys).into_iter().next()
    }

    /// True if one of the keys is there, even with an empty list.
    pub fn has(self, keys: &[&str]) -> bool {
        self.0.keys().any(|name| keys.iter().any(|key| name.eq_ignore_ascii_case(key)))
    }
}

/// A single value as text: plain, or in the wrapper of its type.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Object(wrapper) => match wrapper.iter().next()? {
            (key, Value::String(text)) if key == "__base64__" => {
                let mut bytes = Vec::new();
                decode_base64(text.as_bytes(), &mut bytes).ok()?;
                String::from_utf8(bytes).ok()
            }
            (key, Value::String(text)) if key == "__dns_name__" || key == "__datetime__" => {
                Some(text.clone())
            }
            _ => None,
        },
        Value::Null | Value::Array(_) => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends where something is missing")]

    use serde_json::json;

    use super::*;

    #[test]
    fn values_come_plain_in_lists_and_wrapped() {
        let entry = json!({
            "plain": "a",
            "list": ["a", "b"],
            "dns": [{"__dns_name__": "ams."}],
            "bytes": {"__base64__": "YW1z"},
            "number": [1],
            "Case": ["x"],
            "empty": [],
            "other": [{"__new__": "x"}],
        });
        let entry = Entry(entry.as_object().unwrap());
        assert_eq!(entry.value(&["plain"]).unwrap(), "a");
        assert_eq!(entry.values(&["list"]), ["a", "b"]);
        assert_eq!(entry.value(&["dns"]).unwrap(), "ams.");
        assert_eq!(entry.value(&["bytes"]).unwrap(), "ams");
        assert_eq!(entry.value(&["number"]).unwrap(), "1");
        assert_eq!(entry.value(&["missing", "CASE"]).unwrap(), "x");
        assert!(entry.values(&["empty", "other"]).is_empty());
        assert!(entry.has(&["EMPTY"]) && !entry.has(&["missing"]));
        assert!(entry.value(&["other"]).is_none());
    }

    #[test]
    fn a_batch_has_the_requests_of_its_items() {
        let document = Document {
            value: json!({"error": null, "id": 0, "principal": "p", "result": {"results": [
                {"error": null, "result": []},
                {"error": "ca: suffix not found", "error_code": 4001, "error_name": "NotFound"},
            ]}, "version": "4.12.2"}),
            request: Some(json!({"method": "batch/1", "params": [[
                {"method": "topologysegment_find/1", "params": [["domain"], {}]},
                {"method": "topologysegment_find", "params": [["ca"], {"all": true}]},
            ], {}]})),
            ..Document::default()
        };
        let answer = Answer::of(&document).unwrap();
        assert_eq!(answer.server_version, Some("4.12.2"));
        let [first, second] = answer.calls.as_slice() else { panic!("{answer:?}") };
        assert_eq!(first.request.as_ref().unwrap().argument(0, "").unwrap(), "domain");
        assert_eq!(second.request.as_ref().unwrap().method, "topologysegment_find");
        assert_eq!(second.pointer, "/result/results/1");
        assert!(matches!(second.outcome, Outcome::Failed { name: "NotFound", .. }));
    }
}
