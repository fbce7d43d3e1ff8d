//! Bounds on what is read, and what happens at each: the rest is audited, a note says what was cut.

/// Bytes of a file that recognition looks at. Longer than any head of comments, prompts or banners
/// seen in real exports.
pub const HEAD_BYTES: usize = 64 * 1024;

/// Longest line of console text in bytes; a longer one is dropped with note `IMP014`.
pub const TEXT_LINE_BYTES_MAX: usize = 1024 * 1024;

/// Largest JSON document in bytes; JSON is read as a whole. A model of 5,000 servers has about
/// 3 MB.
pub const JSON_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Largest console text in bytes. `ipa` output of 60 servers has about 100 kB.
pub const TEXT_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Notes kept per file and code; the last kept one says how many more there were.
pub const NOTES_PER_CODE_MAX: usize = 20;

/// Servers in one deployment. Red Hat supports 60 ("Planning Identity Management" 3.3); the bound
/// keeps hostile input from taking the machine.
pub const SERVERS_MAX: usize = 10_000;

/// Default `ipaSearchRecordsLimit`: a list of exactly this many entries may have been cut
/// (formats: `ipa` prints the number returned, so a cut list agrees with itself).
pub const IPA_SEARCH_RECORDS_LIMIT: usize = 100;

/// Places in a console text that look like JSON and are none; behind the last one no more
/// documents are looked for, because each costs a pass.
pub const JSON_FAULTS_IN_TEXT_MAX: usize = 20;
