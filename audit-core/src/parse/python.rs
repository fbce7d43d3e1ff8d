//! Python literals: `dsconf replication status` prints each agreement as a dictionary in one line
//! where JSON was not asked for.

use std::iter::Peekable;
use std::str::Chars;

use serde_json::{Map, Value};

/// Levels of nesting that are followed; no tool prints more than three.
const DEPTH_MAX: usize = 8;

/// True for a line that begins as a dictionary with texts as keys.
pub(crate) fn begins_dictionary(line: &str) -> bool {
    line.trim_start().starts_with("{'")
}

/// The dictionary that a line holds, alone; `None` for anything else.
pub(crate) fn dictionary(line: &str) -> Option<Value> {
    let mut rest = line.trim().chars().peekable();
    let value = value(&mut rest, 0)?;
    (value.is_object() && rest.next().is_none()).then_some(value)
}

fn value(rest: &mut Peekable<Chars<'_>>, depth: usize) -> Option<Value> {
    skip_blanks(rest);
    match rest.peek()? {
        '{' if depth < DEPTH_MAX => {
            let mut map = Map::new();
            items(rest, '}', |rest| {
                let Value::String(key) = value(rest, depth + 1)? else { return None };
                skip_blanks(rest);
                rest.next_if_eq(&':')?;
                map.insert(key, value(rest, depth + 1)?);
                Some(())
            })?;
            Some(Value::Object(map))
        }
        '[' if depth < DEPTH_MAX => {
            let mut list = Vec::new();
            items(rest, ']', |rest| {
                list.push(value(rest, depth + 1)?);
                Some(())
            })?;
            Some(Value::Array(list))
        }
        '\'' | '"' => text(rest).map(Value::String),
        _ => word(rest),
    }
}

/// The items of a list or dictionary, from its opening bracket to its closing one.
fn items(
    rest: &mut Peekable<Chars<'_>>,
    end: char,
    mut item: impl FnMut(&mut Peekable<Chars<'_>>) -> Option<()>,
) -> Option<()> {
    rest.next();
    loop {
        skip_blanks(rest);
        if rest.next_if_eq(&end).is_some() {
            return Some(());
        }
        item(rest)?;
        skip_blanks(rest);
        if rest.next_if_eq(&',').is_none() {
            return rest.next_if_eq(&end).map(|_| ());
        }
    }
}

/// A text in either kind of quotes, with the escapes that `repr` writes.
fn text(rest: &mut Peekable<Chars<'_>>) -> Option<String> {
    let quote = rest.next()?;
    let mut text = String::new();
    loop {
        match rest.next()? {
            c if c == quote => return Some(text),
            '\\' => text.push(match rest.next()? {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                'x' => code(rest, 2)?,
                'u' => code(rest, 4)?,
                'U' => code(rest, 8)?,
                other => other,
            }),
            c => text.push(c),
        }
    }
}

fn code(rest: &mut Peekable<Chars<'_>>, digits: usize) -> Option<char> {
    let mut code = 0;
    for _ in 0..digits {
        code = code * 16 + rest.next()?.to_digit(16)?;
    }
    char::from_u32(code)
}

fn word(rest: &mut Peekable<Chars<'_>>) -> Option<Value> {
    let mut word = String::new();
    while let Some(c) = rest.next_if(|c| c.is_ascii_alphanumeric() || "+-.".contains(*c)) {
        word.push(c);
    }
    match word.as_str() {
        "None" => Some(Value::Null),
        "True" => Some(Value::Bool(true)),
        "False" => Some(Value::Bool(false)),
        number => number.parse::<i64>().ok().map(Value::from),
    }
}

fn skip_blanks(rest: &mut Peekable<Chars<'_>>) {
    while rest.next_if(|c| c.is_whitespace()).is_some() {}
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn dictionaries_of_one_line() {
        let line =
            r#"{'a': ['x'], "b": "it's", 'c': 'q\'s \xe4\u20ac', 'n': None, 't': True, 'i': -3}"#;
        let expected =
            json!({"a": ["x"], "b": "it's", "c": "q's ä€", "n": null, "t": true, "i": -3});
        assert_eq!(dictionary(line), Some(expected));
        assert_eq!(dictionary("{}"), Some(json!({})));
        for wrong in [
            "",
            "{",
            "{'a'",
            "{'a': }",
            "{'a': 1} x",
            "['a']",
            "{1: 2}",
            "{'a': '\\x4'}",
            "{'a' 1}",
        ] {
            assert_eq!(dictionary(wrong), None, "{wrong}");
        }
        assert_eq!(dictionary(&"{'a': ".repeat(10_000)), None);
    }
}
