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

/// Groups of an Ansible inventory that are read.
pub const INVENTORY_GROUPS_MAX: usize = 1000;

/// Default `ipaSearchRecordsLimit`: a list of exactly this many entries may have been cut
/// (formats: `ipa` prints the number returned, so a cut list agrees with itself).
pub const IPA_SEARCH_RECORDS_LIMIT: usize = 100;

/// Largest archive in bytes that is pushed in chunks: it is held as a whole. One that is read from
/// a file or stream has no such bound, except a zip archive inside another or in a stream.
pub const ARCHIVE_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Members of an archive, those of archives inside it included. A sos report has about 20,000.
pub const ARCHIVE_MEMBERS_MAX: u64 = 500_000;

/// Compressions and archives inside each other: a `.tar.gz` has two.
pub const ARCHIVE_DEPTH_MAX: usize = 8;

/// Bytes that an archive may expand to whatever its size.
pub const EXPANDED_BYTES_FREE: u64 = 256 * 1024 * 1024;

/// Beyond [`EXPANDED_BYTES_FREE`]: bytes that come out per byte that goes in. LDIF has up to 30;
/// the most that deflate can do is 1,032.
pub const EXPANSION_MAX: u64 = 250;

/// Most bytes an archive may expand to.
pub const EXPANDED_BYTES_MAX: u64 = 1 << 40;

/// Memory for the dictionary of an xz stream, in KiB. `xz -9` needs 65 MiB.
pub const XZ_MEMORY_KIB: u32 = 128 * 1024;

/// Largest console text inside an archive in bytes: longer ones are logs.
pub const MEMBER_TEXT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Bytes of one sos report that are held until its host is known.
pub const SOS_BYTES_MAX: usize = 128 * 1024 * 1024;

/// Places in a console text that look like JSON and are none; behind the last one no more
/// documents are looked for, because each costs a pass.
pub const JSON_FAULTS_IN_TEXT_MAX: usize = 20;
