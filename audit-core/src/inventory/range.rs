//! Patterns of host names: `ipa[01:04].example.com`, also with letters and steps.

/// Names that a pattern stands for; an error says why it is none.
///
/// As Ansible does it (`lib/ansible/plugins/inventory/__init__.py`, `expand_hostname_range`): both
/// ends belong to the range; leading zeros of the begin set the width; several ranges multiply.
///
/// # Errors
///
/// What is wrong with the pattern, in words; at most `max` names are made.
pub(crate) fn expand(pattern: &str, max: usize) -> Result<Vec<String>, String> {
    let mut names = vec![String::new()];
    let mut rest = pattern;
    while let Some((before, opened)) = rest.split_once('[') {
        let Some((range, after)) = opened.split_once(']') else {
            return Err("a range without its closing bracket".to_owned());
        };
        if before.contains(']') {
            return Err("a closing bracket without its opening one".to_owned());
        }
        let parts = values(range, max)?;
        if parts.len().saturating_mul(names.len()) > max {
            return Err(format!("a range of more than {max} hosts"));
        }
        names = names
            .iter()
            .flat_map(|name| parts.iter().map(move |part| format!("{name}{before}{part}")))
            .collect();
        rest = after;
    }
    if rest.contains(']') {
        return Err("a closing bracket without its opening one".to_owned());
    }
    for name in &mut names {
        name.push_str(rest);
    }
    Ok(names)
}

fn values(range: &str, max: usize) -> Result<Vec<String>, String> {
    let expected =
        || "a range that is none; expected is [1:4], [01:04], [a:d] or [1:9:2]".to_owned();
    let parts: Vec<&str> = range.split(':').collect();
    let (begin, end, step) = match parts.as_slice() {
        [begin, end] => (*begin, *end, "1"),
        [begin, end, step] => (*begin, *end, *step),
        _ => return Err(expected()),
    };
    // Ansible takes an empty begin for 0.
    let begin = if begin.is_empty() { "0" } else { begin };
    let step: usize = step.parse().ok().filter(|step| *step > 0).ok_or_else(expected)?;
    let letter = |text: &str| {
        let mut letters = text.chars().filter(char::is_ascii_alphabetic);
        letters.next().filter(|_| text.len() == 1)
    };
    if let (Some(first), Some(last)) = (letter(begin), letter(end)) {
        // Ansible counts through a to z, then A to Z.
        let letters: Vec<char> = ('a'..='z').chain('A'..='Z').collect();
        let place = |c: char| letters.iter().position(|letter| *letter == c).unwrap_or(0);
        let (first, last) = (place(first), place(last));
        if first > last {
            return Err("a range whose end comes before its begin".to_owned());
        }
        let chosen = letters.iter().skip(first).take(last - first + 1).step_by(step);
        return Ok(chosen.map(char::to_string).collect());
    }
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !is_number(begin) || !is_number(end) {
        return Err(expected());
    }
    let width = if begin.len() > 1 && begin.starts_with('0') { begin.len() } else { 0 };
    if width > 0 && end.len() != width {
        return Err("a range whose ends have different lengths, one of them with zeros".to_owned());
    }
    let first: u64 = begin.parse().map_err(|_| expected())?;
    let last: u64 = end.parse().map_err(|_| expected())?;
    if first > last {
        return Err("a range whose end comes before its begin".to_owned());
    }
    if (last - first) / step as u64 >= max as u64 {
        return Err(format!("a range of more than {max} hosts"));
    }
    Ok((first..=last).step_by(step).map(|number| format!("{number:0width$}")).collect())
}
