//! The model of one deployment, every fact with its evidence. Rules read it, importers never see
//! it.

mod copies;
mod name;
mod need;
mod observed;
mod server;
mod topology;

use std::collections::BTreeMap;
use std::fmt;

pub use copies::{
    Backup, BackupKind, Copies, CopyTable, Key, Medium, Rehearsal, Schedule, Snapshot, Store,
    Targets,
};
pub(crate) use copies::{Cell, EachCell, Record};
pub use name::{Fqdn, Suffix};
pub use need::Need;
pub use observed::{
    Agreement, AgreementKey, AgreementState, Answer, CaSigning, Certificate, CertificateKey,
    DeploymentRange, Dna, IdRange, IdRangeKind, Observed, Ruv, RuvElement, RuvKey, Upkeep,
    UpkeepKey, Waiver,
};
pub use server::{Role, RoleStatus, Server, ServerAttribute, Visibility};
pub use topology::{Direction, Segment, SegmentKey, Topology};

use crate::evidence::{Fact, Sources};
use crate::note::Note;

/// How certificates are issued. Closed.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum CaMode {
    /// IdM has its own CA: a CA service or role in any state, or the suffix `ca`, was seen.
    Integrated,
    /// CA-less: certificates come from elsewhere.
    None,
}

impl CaMode {
    /// Name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Integrated => "integrated",
            Self::None => "none",
        }
    }
}

impl fmt::Display for CaMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One IdM deployment as its exports describe it.
///
/// Built by [`Facts::assemble`](crate::facts::Facts::assemble) only; the same facts in any order
/// give the same deployment.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Deployment {
    /// Every server that an export states to exist. A host named only by a segment is not one.
    pub servers: BTreeMap<Fqdn, Server>,
    /// Where all servers are listed; empty if no export is known to list them all.
    pub server_list: Sources,
    /// Segments of each suffix.
    pub topology: BTreeMap<Suffix, Topology>,
    /// How certificates are issued.
    pub ca: Fact<CaMode>,
    /// The CA renewal server.
    pub ca_renewal_server: Fact<Fqdn>,
    /// The DNSSEC key master.
    pub dnssec_key_master: Fact<Fqdn>,
    /// Domain level, 0 or 1.
    pub domain_level: Fact<u8>,
    /// Copies of the data outside the servers, and what their use needs.
    pub copies: Copies,
    /// What single servers show of themselves, and what people declare.
    pub observed: Observed,
    /// What must be known about the inputs.
    pub notes: Vec<Note>,
}

static NO_TOPOLOGY: Topology =
    Topology { segments: Vec::new(), complete: false, sources: Sources::new() };

impl Deployment {
    /// True if [`servers`](Self::servers) are all servers there are.
    pub fn knows_all_servers(&self) -> bool {
        !self.server_list.is_empty()
    }

    /// True if this is a design: what Ansible inventories and playbooks say shall be. Where any
    /// export shows the deployment itself, plans are set aside.
    pub fn is_planned(&self) -> bool {
        let planned = |sources: &Sources| sources.iter().any(|source| source.planned);
        let segments = self.topology.values().flat_map(|topology| &topology.segments);
        self.servers.values().any(|server| planned(&server.sources))
            || segments.into_iter().any(|segment| planned(&segment.sources))
    }

    /// What is known of the segments of a suffix.
    pub fn topology(&self, suffix: Suffix) -> &Topology {
        self.topology.get(&suffix).unwrap_or(&NO_TOPOLOGY)
    }

    /// Servers known to hold a role's data, in order.
    pub fn holders(&self, role: Role) -> Vec<&Fqdn> {
        self.servers.iter().filter(|(_, server)| server.holds(role)).map(|(name, _)| name).collect()
    }

    /// Servers known to carry a suffix, in order.
    pub fn carriers(&self, suffix: Suffix) -> Vec<&Fqdn> {
        self.servers
            .iter()
            .filter(|(_, server)| server.carries(suffix))
            .map(|(name, _)| name)
            .collect()
    }

    /// Servers of which it is not known whether they carry a suffix, in order.
    pub fn uncertain_carriers(&self, suffix: Suffix) -> Vec<&Fqdn> {
        self.servers
            .iter()
            .filter(|(_, server)| server.may_carry(suffix) && !server.carries(suffix))
            .map(|(name, _)| name)
            .collect()
    }

    /// Data centers with their servers, both in order. Servers without a known one are left out.
    pub fn data_centers(&self) -> BTreeMap<&str, Vec<&Fqdn>> {
        let mut centers: BTreeMap<&str, Vec<&Fqdn>> = BTreeMap::new();
        for (name, server) in &self.servers {
            if let Some(center) = server.data_center.value() {
                centers.entry(center.as_str()).or_default().push(name);
            }
        }
        centers
    }

    /// What is missing to know which servers carry a suffix; empty if it is known.
    pub fn needs_for_carriers(&self, suffix: Suffix) -> Vec<Need> {
        let mut needs = Vec::new();
        if !self.knows_all_servers() {
            needs.push(Need::ServerList);
        }
        if suffix == Suffix::Ca {
            needs.extend(
                self.uncertain_carriers(suffix)
                    .into_iter()
                    .map(|name| Need::Role(name.clone(), Role::Ca)),
            );
        }
        needs
    }
}
