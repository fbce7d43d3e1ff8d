//! Version of IdM on a server: `rpm -q`.

use super::{Format, Named, Reads};
use crate::evidence::Sources;
use crate::facts::Facts;
use crate::parse::console::Line;

/// Reads what `rpm -q ipa-server …` prints on one server.
///
/// # Shape
///
/// | line | becomes |
/// |---|---|
/// | `ipa-server-4.12.2-1.el9.x86_64`, `freeipa-server-…` | the IPA version of the server: what stands before the release |
/// | other packages, `package … is not installed` | nothing |
///
/// That the package is installed does not prove that the server is: its version is stated only if
/// the same file shows the server.
///
/// # Errors
///
/// None. Without a server nothing is stated, and a note says so.
///
/// # Source
///
/// `rpm` 4.14 (NAME-VERSION-RELEASE.ARCH); FreeIPA `freeipa.spec.in`.
pub(super) static FORMAT: Format = Format {
    name: "rpm -q",
    command: "rpm -q ipa-server (in the export bundle)",
    reader: Reads::Lines(read),
};

/// Packages whose version is that of IPA.
const PACKAGES: [&str; 2] = ["ipa-server-", "freeipa-server-"];

fn read(named: &Named<'_>, lines: &[Line], facts: &mut Facts) -> bool {
    let mut found = false;
    for line in lines {
        let Some(version) = version(line.text.trim()) else { continue };
        found = true;
        if let Some(host) = named.host(line.number, facts) {
            let source = named.source(line.number, line.text.trim());
            facts.version(&host, version.to_owned(), Sources::from([source]));
        }
    }
    found
}

/// The version in `ipa-server-VERSION-RELEASE`; `ipa-server-dns` and the like have a word there.
fn version(package: &str) -> Option<&str> {
    let rest = PACKAGES.iter().find_map(|name| package.strip_prefix(name))?;
    let (version, release) = rest.split_once('-')?;
    let is_version = version.starts_with(|c: char| c.is_ascii_digit())
        && version.chars().all(|c| c.is_ascii_alphanumeric() || "._~^+".contains(c));
    (is_version && !release.is_empty() && !release.contains(' ')).then_some(version)
}
