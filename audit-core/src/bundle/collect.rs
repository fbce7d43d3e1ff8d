//! The export script and what each of its sections is for.
pub const SCRIPT: &str = include_str!("collect.sh");
/// x
#[derive(Debug)]
pub struct About {
    /// x
    pub name: &'static str,
    /// x
    pub purpose: &'static str,
    /// x
    pub may_fail: Option<&'static str>,
}
/// x
pub static SECTIONS: &[About] = &[];
/// x
pub fn about(name: &str) -> Option<&'static About> {
    SECTIONS.iter().find(|about| {
        about.name == name
            || about.name.strip_suffix('*').is_some_and(|start| name.starts_with(start))
    })
}
