//! Notes: what a reader must know about an input file. Notes never stop an audit.

use std::fmt;
use std::sync::Arc;

/// How much a note matters for the verdict.
///
/// Closed; ordered from least to most.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum NoteSeverity {
    /// Nothing was lost.
    Info,
    /// Something was left out or is not certain; the facts concerned are unknown.
    Warning,
    /// A file, or a part of it, could not be used.
    Error,
}

impl NoteSeverity {
    /// Name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

macro_rules! note_codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $code:literal, $severity:ident;)+) => {
        /// What a note is about. Codes are never reused. Closed.
        #[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
        pub enum NoteCode { $($(#[doc = $doc])+ $variant,)+ }

        impl NoteCode {
            /// Every code with its explanation, in order.
            pub const ALL: &'static [(NoteCode, &'static str)] =
                &[$((Self::$variant, concat!($($doc, "\n"),+)),)+];

            /// The printed code, for example `IMP012`.
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// Severity of every note with this code.
            pub fn severity(self) -> NoteSeverity {
                match self { $(Self::$variant => NoteSeverity::$severity,)+ }
            }
        }
    };
}

note_codes! {
    /// The file is empty.
    EmptyFile = "IMP001", Error;
    /// The file is binary: NUL bytes or another format that is not text.
    BinaryFile = "IMP002", Error;
    /// The file is text, but nothing in it is an export that this version reads.
    NotRecognized = "IMP003", Warning;
    /// A byte order mark or UTF-16 was found; the text was decoded.
    Decoded = "IMP004", Info;
    /// Bytes that are not UTF-8; the line was read as Latin-1.
    InvalidUtf8 = "IMP005", Warning;
    /// The JSON document is invalid or ends early.
    InvalidJson = "IMP006", Error;
    /// A JSON value has another type or value than the format allows.
    InvalidValue = "IMP007", Error;
    /// A JSON key that this version does not read.
    UnknownKey = "IMP008", Warning;
    /// The schema name of a JSON document is of another version or kind.
    UnknownSchema = "IMP009", Error;
    /// Base64 that cannot be decoded; the value was dropped.
    InvalidBase64 = "IMP010", Error;
    /// A line of LDIF that is none.
    NotLdif = "IMP011", Warning;
    /// The number of entries read differs from the number that the export declares.
    CountDiffers = "IMP012", Warning;
    /// The export was cut: an ellipsis, a missing end, a size limit.
    Truncated = "IMP013", Warning;
    /// A line longer than the bound; it was dropped.
    LineTooLong = "IMP014", Warning;
    /// A file larger than the bound; the rest was not read.
    FileTooLarge = "IMP015", Error;
    /// Exactly 100 entries: the default search size limit may have cut the list.
    ExactlyTheSizeLimit = "IMP016", Warning;
    /// A list that a filter, a pipe or another option makes partial.
    FilteredList = "IMP017", Warning;
    /// Zero segments or suffixes, which is a missing permission rather than a fact.
    NoSegments = "IMP018", Warning;
    /// Nothing in the file says which suffix a list of segments belongs to.
    SuffixNotStated = "IMP019", Warning;
    /// The suffix of a list was taken from the file's name, which other facts support.
    SuffixFromFileName = "IMP020", Warning;
    /// The file's name and its content disagree on the suffix; the content was believed.
    FileNameDisagrees = "IMP021", Warning;
    /// An entry without the lines or attributes that make it usable.
    IncompleteEntry = "IMP022", Warning;
    /// A value outside the set that the software writes.
    UnknownWord = "IMP023", Warning;
    /// A host name that is none.
    InvalidHostName = "IMP024", Warning;
    /// A role whose services are incomplete: FreeIPA reports it absent.
    IncompleteServices = "IMP025", Warning;
    /// The IPA master role of a server is missing or mixed: whether it is hidden is unknown.
    VisibilityUnknown = "IMP026", Warning;
    /// A service with several states, or a state in unusual letter case.
    OddServiceState = "IMP027", Warning;
    /// A replication conflict entry in the export; it was not read as a server or segment.
    ConflictEntry = "IMP028", Warning;
    /// Inputs contradict each other; both values are kept and the fact counts as unknown.
    Contradiction = "IMP029", Warning;
    /// The command in the file failed.
    CommandFailed = "IMP030", Warning;
    /// Output of a command that this version does not read, or has no use for.
    CommandNotRead = "IMP031", Info;
    /// The export cannot prove that it is complete; how to prove it.
    CompletenessNotProven = "IMP032", Info;
    /// A file or folder that could not be opened.
    Unreadable = "IMP033", Error;
    /// More servers than the bound; the rest was not read.
    TooManyServers = "IMP034", Error;
    /// A value that LDIF stores as a URL; it is never fetched.
    UrlValue = "IMP035", Warning;
    /// More notes of one kind in a file than are kept.
    MoreNotes = "IMP036", Info;
    /// A command reports a fault of the deployment; the model has no place for it.
    ReportedFault = "IMP040", Warning;
    /// A command of the export script failed: its section of the bundle says nothing.
    SectionFailed = "IMP051", Warning;
    /// A command of the export script failed where that is normal, or wrote messages beside its
    /// output.
    SectionRemark = "IMP052", Info;
    /// An archive, or a member of it, is damaged or ends early; what was read before is used.
    ArchiveDamaged = "IMP053", Warning;
    /// An archive exceeds a bound of this program; what was read before is used.
    ArchiveTooLarge = "IMP054", Warning;
    /// A member of an archive that cannot be read: encrypted, or compressed by another method.
    MemberNotRead = "IMP055", Warning;
    /// Members of an archive, or files of a sos report, that are no exports.
    PassedOver = "IMP056", Info;
    /// Nothing in the file says on which server it was made, and it is about that server.
    HostNotStated = "IMP057", Warning;
    /// `answers.toml` is not TOML; it was not used.
    InvalidToml = "IMP060", Error;
    /// Something is declared of a host that no input shows to be a server.
    UnknownHost = "IMP061", Warning;
    /// A waiver has no effect: its rule is not known, its reason is not one that the rule allows,
    /// or it has expired.
    WaiverWithoutEffect = "IMP062", Warning;
    /// The server of an export of `cn=config` was taken from the file's name.
    ServerFromFileName = "IMP070", Warning;
    /// A name that begins like that of a backup's folder and is none.
    NotABackupName = "IMP080", Warning;
    /// A backup's header without the lines that make it usable.
    IncompleteHeader = "IMP081", Warning;
    /// The time in a backup's header cannot be that in its folder's name.
    BackupTime = "IMP082", Warning;
    /// A backup's archive that cannot be restored: damaged, cut, or without members that belong
    /// there.
    ArchiveNotRestorable = "IMP083", Warning;
    /// A backup's archive that is encrypted: only its size and its header are known.
    ArchiveEncrypted = "IMP084", Info;
    /// Nothing says which server a VM is.
    UnknownVm = "IMP085", Warning;
    /// The deployment is read from a backup, because no other input shows a server.
    ReadFromBackup = "IMP086", Warning;
    /// Times of snapshots have no zone, so that nobody knows how old they are.
    SnapshotTime = "IMP087", Warning;
    /// A variable of an Ansible inventory that no role reads.
    UnknownVariable = "IMP100", Warning;
    /// A line of an inventory or playbook that Ansible would refuse or pass over.
    InvalidInventory = "IMP101", Warning;
    /// YAML that cannot be read; the file was not used.
    InvalidYaml = "IMP102", Error;
    /// A group of an inventory that stands where hosts stand.
    GroupAsHost = "IMP103", Warning;
    /// A value of a plan that is known only when Ansible runs, or that is encrypted.
    ValueNotKnown = "IMP104", Warning;
    /// A plan beside exports of the deployment: the exports decide.
    PlanSetAside = "IMP105", Info;
    /// The plan says otherwise than the deployment.
    PlanDiffers = "IMP106", Warning;
    /// A plan switches off the check that a backup has all roles in use.
    RoleCheckOff = "IMP107", Warning;
    /// Variables in files beside an inventory are not read.
    VariablesNotRead = "IMP108", Warning;
    /// A planned server is outside the planned domain.
    OtherDomain = "IMP109", Info;
    /// A `dse.ldif`: settings as the server last wrote them, without the state of replication.
    PersistedState = "IMP071", Info;
}

impl fmt::Display for NoteCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// One remark about one input file.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Note {
    /// Name of the input file.
    pub file: Arc<str>,
    /// Line, counted from 1.
    pub line: Option<u64>,
    /// Column in characters, counted from 1.
    pub column: Option<u64>,
    /// What kind of remark.
    pub code: NoteCode,
    /// What was found and what was expected.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// The line as it was read, where it cannot hold a secret; for marked snippets only.
    pub snippet: Option<String>,
}

impl Note {
    /// A note on a file as a whole.
    pub fn on_file(file: &Arc<str>, code: NoteCode, message: impl Into<String>) -> Self {
        Self {
            file: Arc::clone(file),
            line: None,
            column: None,
            code,
            message: message.into(),
            help: None,
            snippet: None,
        }
    }

    /// The same note at a line.
    #[must_use]
    pub fn at(mut self, line: u64) -> Self {
        self.line = Some(line);
        self
    }

    /// The same note at a column of its line.
    #[must_use]
    pub fn column(mut self, column: u64) -> Self {
        self.column = Some(column);
        self
    }

    /// The same note with what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same note with the line it is about. Never a line that may hold a secret.
    #[must_use]
    pub fn snippet(mut self, line: impl Into<String>) -> Self {
        self.snippet = Some(line.into());
        self
    }
}
