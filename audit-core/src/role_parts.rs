//! Questions that rules ask about roles: who holds one, and which server has a function that
//! exactly one has.

use crate::advise::Edit;
use crate::evidence::{Fact, Sources};
use crate::model::{Deployment, Fqdn, Need, Role, RoleStatus, Server, ServerAttribute, Visibility};
use crate::service_edits::ServiceEdit;

/// Servers whose status of a role satisfies a test.
pub(crate) struct Holders<'a> {
    /// Those that certainly do, in order.
    pub(crate) certain: Vec<&'a Fqdn>,
    /// Those that may, in order.
    pub(crate) uncertain: Vec<&'a Fqdn>,
    /// True if there are no other servers.
    pub(crate) whole: bool,
    /// What is missing to know them exactly.
    pub(crate) needs: Vec<Need>,
}

impl<'a> Holders<'a> {
    /// The servers whose status of `role` satisfies `test`.
    pub(crate) fn of(
        deployment: &'a Deployment,
        role: Role,
        test: impl Fn(&RoleStatus) -> bool,
    ) -> Self {
        let mut holders = Self {
            certain: Vec::new(),
            uncertain: Vec::new(),
            whole: deployment.knows_all_servers(),
            needs: Vec::new(),
        };
        if !holders.whole {
            holders.needs.push(Need::ServerList);
        }
        for (name, server) in &deployment.servers {
            if server.role(role).certainly(&test) {
                holders.certain.push(name);
            } else if server.role(role).possibly(&test) {
                holders.uncertain.push(name);
                holders.needs.push(Need::Role(name.clone(), role));
            }
        }
        holders
    }

    /// The servers that hold a role's data.
    pub(crate) fn of_data(deployment: &'a Deployment, role: Role) -> Self {
        Self::of(deployment, role, |status| status.holds_data())
    }

    /// The servers that offer a role to clients.
    pub(crate) fn in_service(deployment: &'a Deployment, role: Role) -> Self {
        Self::of(deployment, role, |status| *status == RoleStatus::Enabled)
    }

    /// True if no server can be one of them.
    pub(crate) fn are_none(&self) -> bool {
        self.whole && self.certain.is_empty() && self.uncertain.is_empty()
    }

    /// True if these are all and no other server can be one of them.
    pub(crate) fn are_known(&self) -> bool {
        self.whole && self.uncertain.is_empty()
    }
}

/// Which server has a function that exactly one has.
pub(crate) enum Single<'a> {
    /// This one, as far as any input says.
    One(&'a Fqdn),
    /// One export marks several.
    Several(Vec<&'a Fqdn>),
    /// The servers' own entries mark none.
    Nobody,
    /// Not known.
    Unknown,
}

impl<'a> Single<'a> {
    /// The server that `ipa config-show` names, or the servers that their own entries mark.
    pub(crate) fn of(deployment: &'a Deployment, attribute: ServerAttribute) -> Self {
        let (named, role) = match attribute {
            ServerAttribute::CaRenewalServer => (&deployment.ca_renewal_server, Some(Role::Ca)),
            ServerAttribute::DnssecKeyMaster => (&deployment.dnssec_key_master, None),
        };
        let marked: Vec<&Fqdn> = deployment
            .servers
            .iter()
            .filter(|(_, server)| server.attribute(attribute).certainly(|marked| *marked))
            .map(|(name, _)| name)
            .collect();
        if marked.len() > 1 {
            return Self::Several(marked);
        }
        if let Some(name) = named.value() {
            let own = deployment.servers.get(name).map(|server| server.attribute(attribute));
            let disputed = own.is_some_and(|marked| matches!(marked, Fact::Conflict(_)));
            return if disputed { Self::Unknown } else { Self::One(name) };
        }
        // The entry that would mark a server is one of the role's services.
        let unmarked = |server: &Server| {
            server.attribute(attribute).certainly(|marked| !marked)
                || role.is_some_and(|role| !server.may_hold(role))
        };
        let nobody = *named == Fact::Unknown
            && deployment.knows_all_servers()
            && deployment.servers.values().all(unmarked);
        if nobody { Self::Nobody } else { Self::Unknown }
    }
}

/// Places that state which servers have a function: those that name one, and those of the servers'
/// own entries.
pub(crate) fn evidence_of_attribute(
    deployment: &Deployment,
    attribute: ServerAttribute,
) -> Sources {
    let mut evidence = match attribute {
        ServerAttribute::CaRenewalServer => deployment.ca_renewal_server.sources(),
        ServerAttribute::DnssecKeyMaster => deployment.dnssec_key_master.sources(),
    };
    if evidence.is_empty() {
        let marks = |server: &Server| match attribute {
            ServerAttribute::CaRenewalServer => server.may_hold(Role::Ca),
            ServerAttribute::DnssecKeyMaster => true,
        };
        let entries = deployment.servers.values().filter(|server| marks(server));
        evidence.extend(entries.flat_map(|server| server.attribute(attribute).sources()));
    }
    evidence
}

/// Whether clients are not sent to a server: a hidden replica hides all its roles, so the status of
/// any of them tells (FreeIPA `ipa server-state`).
pub(crate) fn is_hidden(deployment: &Deployment, name: &Fqdn, role: Role) -> Option<bool> {
    let server = deployment.servers.get(name)?;
    match (server.role(role).value(), server.visibility()) {
        (Some(RoleStatus::Hidden), _) | (_, Visibility::Hidden) => Some(true),
        (Some(RoleStatus::Enabled), _) | (_, Visibility::Visible) => Some(false),
        _ => None,
    }
}

/// Changes that make another server the CA renewal server: one with an enabled CA, with the KRA too
/// where one is used; a hidden one is shown first. `invalid` if the present state is one that
/// `ipa config-mod` refuses to change. Empty if there is no other CA replica.
pub(crate) fn renewal_edits(
    deployment: &Deployment,
    invalid: bool,
    except: Option<&Fqdn>,
) -> Vec<Edit> {
    let usable = |status: &RoleStatus| matches!(status, RoleStatus::Enabled | RoleStatus::Hidden);
    let best = deployment
        .servers
        .iter()
        .filter(|(name, server)| Some(*name) != except && server.role(Role::Ca).certainly(usable))
        .map(|(name, server)| {
            let hidden = is_hidden(deployment, name, Role::Ca) != Some(false);
            (hidden, !server.holds(Role::Kra), name)
        })
        .min();
    let Some((hidden, _, name)) = best else { return Vec::new() };
    let server = name.clone();
    let show = hidden.then(|| ServiceEdit::ShowServer { server: server.clone() });
    show.into_iter()
        .chain([ServiceEdit::SetCaRenewalServer { server: server.clone(), invalid }])
        .map(Edit::Service)
        .collect()
}
