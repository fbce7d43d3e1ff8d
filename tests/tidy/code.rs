//! Just enough of Rust's syntax to tell code from comments and text, and to read `use`.

/// The code of a source file: comments and the content of strings become blanks, lines stay.
pub(crate) fn code_of(source: &str) -> String {
    let bytes: Vec<char> = source.chars().collect();
    let at = |index: usize| bytes.get(index).copied().unwrap_or('\0');
    let mut code = String::with_capacity(source.len());
    let mut index = 0;
    while index < bytes.len() {
        let end = match (at(index), at(index + 1)) {
            ('/', '/') => end_of_line(&bytes, index),
            ('/', '*') => end_of_block(&bytes, index),
            ('"', _) => end_of_string(&bytes, index),
            ('r', '"' | '#') if !is_word(index.checked_sub(1).map_or(' ', at)) => {
                end_of_raw_string(&bytes, index).unwrap_or(index)
            }
            ('b', 'r') if !is_word(index.checked_sub(1).map_or(' ', at)) => {
                end_of_raw_string(&bytes, index + 1).unwrap_or(index)
            }
            // A character, not a lifetime.
            ('\'', '\\') => end_of_character(&bytes, index + 2),
            ('\'', _) if at(index + 2) == '\'' => index + 3,
            _ => index,
        };
        if end == index {
            code.push(at(index));
            index += 1;
        }
        for skipped in bytes.get(index..end).unwrap_or_default() {
            code.push(if *skipped == '\n' { '\n' } else { ' ' });
        }
        index = index.max(end);
    }
    code
}

fn end_of_line(text: &[char], from: usize) -> usize {
    find(text, from, |c| c == '\n').unwrap_or(text.len())
}

fn end_of_block(text: &[char], from: usize) -> usize {
    let mut depth = 0_usize;
    let mut index = from;
    while let Some(pair) = text.get(index..index + 2) {
        match pair {
            ['/', '*'] => {
                depth += 1;
                index += 2;
            }
            ['*', '/'] => {
                depth = depth.saturating_sub(1);
                index += 2;
                if depth == 0 {
                    return index;
                }
            }
            _ => index += 1,
        }
    }
    text.len()
}

fn end_of_string(text: &[char], from: usize) -> usize {
    let mut index = from + 1;
    while let Some(c) = text.get(index) {
        match c {
            '\\' => index += 2,
            '"' => return index + 1,
            _ => index += 1,
        }
    }
    text.len()
}

/// The end of `r"…"`, `r#"…"#` and so on; `None` if it is none (`r#name`).
fn end_of_raw_string(text: &[char], from: usize) -> Option<usize> {
    let hashes = text.get(from + 1..)?.iter().take_while(|c| **c == '#').count();
    let open = from + 1 + hashes;
    if text.get(open) != Some(&'"') {
        return None;
    }
    let mut index = open + 1;
    while index < text.len() {
        let rest = text.get(index + 1..).unwrap_or_default();
        if text.get(index) == Some(&'"') && rest.iter().take(hashes).all(|c| *c == '#') {
            return Some(index + 1 + hashes);
        }
        index += 1;
    }
    Some(text.len())
}

fn end_of_character(text: &[char], from: usize) -> usize {
    find(text, from + 1, |c| c == '\'').map_or(text.len(), |index| index + 1)
}

fn find(text: &[char], from: usize, wanted: impl Fn(char) -> bool) -> Option<usize> {
    text.iter().enumerate().skip(from).find(|(_, c)| wanted(**c)).map(|(index, _)| index)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Words of code with their lines.
pub(crate) fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    code.lines().enumerate().flat_map(|(index, line)| {
        line.split(|c| !is_word(c)).filter(|word| !word.is_empty()).map(move |w| (index + 1, w))
    })
}

/// Every path in code with its line: `a::b::c` where it stands, and what each `use` brings in.
pub(crate) fn paths(code: &str) -> Vec<(usize, String)> {
    let tokens = tokens(code);
    let mut paths = Vec::new();
    let mut index = 0;
    while let Some((line, token)) = tokens.get(index) {
        if *token == "use" {
            let length = tokens.iter().skip(index).take_while(|(_, t)| *t != ";").count();
            let tree = tokens.get(index + 1..index + length).unwrap_or_default();
            expand(tree, "", &mut paths);
            index += length;
        } else if token.starts_with(|c: char| is_word(c)) {
            let mut path = String::new();
            while let Some((_, part)) = tokens.get(index) {
                path.push_str(part);
                if tokens.get(index + 1).is_none_or(|(_, next)| *next != "::") {
                    break;
                }
                path.push_str("::");
                index += 2;
            }
            if path.contains("::") {
                paths.push((*line, path));
            }
            index += 1;
        } else {
            index += 1;
        }
    }
    paths
}

/// Words, `::`, and every other character that is not blank.
fn tokens(code: &str) -> Vec<(usize, &str)> {
    let mut tokens = Vec::new();
    for (index, line) in code.lines().enumerate() {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let length = if is_word(first) {
                rest.find(|c| !is_word(c)).unwrap_or(rest.len())
            } else if rest.starts_with("::") {
                2
            } else {
                first.len_utf8()
            };
            let (token, after) = rest.split_at(length);
            tokens.push((index + 1, token));
            rest = after.trim_start();
        }
    }
    tokens
}

/// The paths of a `use` tree: `a::{b, c::{d, self}}` is `a::b`, `a::c::d` and `a::c`.
fn expand(tree: &[(usize, &str)], prefix: &str, paths: &mut Vec<(usize, String)>) {
    let mut depth = 0_usize;
    let branches = tree.split(|(_, token)| {
        match *token {
            "{" => depth += 1,
            "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && *token == ","
    });
    for branch in branches {
        // Nothing stands behind a last comma.
        let Some(&(line, _)) = branch.first() else { continue };
        let open = branch.iter().position(|(_, token)| *token == "{");
        let head = branch.get(..open.unwrap_or(branch.len())).unwrap_or_default();
        let name: Vec<&str> =
            head.iter().map(|(_, token)| *token).take_while(|token| *token != "as").collect();
        let path = format!("{prefix}{}", name.concat());
        match open {
            Some(open) => {
                let inner = branch.get(open + 1..branch.len() - 1).unwrap_or_default();
                expand(inner, &path, paths);
            }
            None => paths.push((line, path.trim_end_matches("::self").to_owned())),
        }
    }
}

/// Whether a path is this one or leads through it.
pub(crate) fn leads_through(path: &str, through: &str) -> bool {
    path.strip_prefix(through).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_strings_are_no_code() {
        let source =
            "a(\"std::fs \\\" x\"); // std::fs\n/* std /* nested */ ::env */ b('\"', 'x');\n";
        let code = code_of(source);
        assert_eq!(code.split_whitespace().collect::<String>(), "a();b(,);");
        assert_eq!(code.lines().count(), source.lines().count());
    }

    #[test]
    fn raw_strings_and_lifetimes() {
        assert_eq!(code_of("r#\"a \" b\"# c").trim(), "c");
        assert_eq!(code_of("br\"a\" c").trim(), "c");
        assert_eq!(code_of("fn f<'a>(x: &'a str) {}"), "fn f<'a>(x: &'a str) {}");
        assert_eq!(code_of("r#type + for_r"), "r#type + for_r");
        assert_eq!(code_of("'\\'' + '\\u{1f}' x").split_whitespace().count(), 2);
    }

    #[test]
    fn a_use_tree_is_all_its_paths() {
        let code =
            "use std::{\nfmt,\ncollections::{BTreeMap as Map, self},\n};\nx(crate::a::b());\n";
        let found: Vec<String> =
            paths(code).into_iter().map(|(line, path)| format!("{line} {path}")).collect();
        let expected =
            ["2 std::fmt", "3 std::collections::BTreeMap", "3 std::collections", "5 crate::a::b"];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_path_leads_through_whole_names_only() {
        assert!(leads_through("crate::rule::Rule", "crate::rule"));
        assert!(!leads_through("crate::rules::find", "crate::rule"));
    }
}
