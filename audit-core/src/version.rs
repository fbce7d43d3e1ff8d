//! Versions of IPA, as programs print them.

/// The first run of numbers in a version: `VERSION: 4.9.8, API_VERSION: 2.245` is 4.9.8. Compares
/// as versions do; `None` if there is no number.
///
/// ```
/// use audit_core::version::numbers;
///
/// assert!(numbers("4.12.2") > numbers("4.9.8-7.el8"));
/// assert_eq!(numbers("4.9.0"), numbers("4.9"));
/// assert_eq!(numbers("unknown"), None);
/// ```
pub fn numbers(version: &str) -> Option<Vec<u64>> {
    let from = version.find(|c: char| c.is_ascii_digit())?;
    let text = version.get(from..)?;
    let to = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let parts = text.get(..to)?.trim_end_matches('.').split('.');
    let mut numbers: Vec<u64> = parts.map(str::parse).collect::<Result<_, _>>().ok()?;
    // 4.9 and 4.9.0 are one version.
    while numbers.last() == Some(&0) {
        numbers.pop();
    }
    Some(numbers)
}
