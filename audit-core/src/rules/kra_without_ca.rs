//! KRA002 `kra-without-ca`.

use crate::advise::{Edit, Repair};
use crate::declare_rule;
use crate::model::{Deployment, Fqdn, Need, Role, Server};
use crate::role_parts::Holders;
use crate::rule::{Failure, Judgement, Severity, State};
use crate::rule_parts::{as_a_whole, on};
use crate::views::Views;

declare_rule! {
    /// Notes a server with the KRA but without the CA.
    ///
    /// # Why this matters
    ///
    /// The KRA is installed into the CA's Dogtag instance: `ipa-kra-install` refuses a server
    /// without the CA. A server that shows the KRA alone has half of an installation, and should
    /// not be counted on for the vaults. The finding weighs nothing.
    ///
    /// # What it reads
    ///
    /// The KRA and CA roles of each server (`ipa server-role-find`, LDIF of `cn=masters`).
    ///
    /// # Verdicts
    ///
    /// * pass: the server holds both;
    /// * fail: it holds the KRA and not the CA;
    /// * not applicable: no server holds the KRA; a CA-less deployment has none;
    /// * unknown: the list of servers or one of the two roles is not known.
    ///
    /// # Fix
    ///
    /// `ipa-ca-install` on that server.
    ///
    /// # Source
    ///
    /// Manual page of `ipa-kra-install`.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1", "ca": "integrated",
    ///   "servers": [{"fqdn": "a.example.test", "roles": {"ca": "enabled", "kra": "absent"}},
    ///     {"fqdn": "b.example.test", "roles": {"ca": "absent", "kra": "enabled"}}]}"#;
    /// assert_eq!(status_on_model("KRA002", model), Some(Status::Fail));
    /// ```
    KraWithoutCa {
        code: "KRA002",
        name: "kra-without-ca",
        rule: "kra-requires-ca",
        fails: "A server has the KRA without the CA",
        holds: "Servers with the KRA have the CA, too",
        severity: Info,
        category: CaAndKra,
        citation: "man ipa-kra-install",
        origin: Code,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    let kras = Holders::of_data(deployment, Role::Kra);
    let cas = deployment.holders(Role::Ca);
    let state_of = |(name, server): (&Fqdn, &Server)| {
        let state = match (server.holds(Role::Kra), server.may_hold(Role::Ca)) {
            (true, true) if server.holds(Role::Ca) => State::Pass,
            (true, false) => fail(name, server, cas.first().copied()),
            (true, true) => State::Unknown(vec![Need::Role(name.clone(), Role::Ca)]),
            (false, _) => State::Unknown(vec![Need::Role(name.clone(), Role::Kra)]),
        };
        on(Some(name.to_string()), state)
    };
    let judgements: Vec<Judgement> = deployment
        .servers
        .iter()
        .filter(|(_, server)| server.may_hold(Role::Kra))
        .map(state_of)
        .collect();
    match judgements.is_empty() {
        false => judgements,
        true if kras.whole => as_a_whole(State::NotApplicable("no KRA")),
        true => as_a_whole(State::Unknown(kras.needs)),
    }
}

fn fail(name: &Fqdn, server: &Server, peer: Option<&Fqdn>) -> State {
    let add = |peer: &Fqdn| Edit::AddCa { server: name.clone(), peer: peer.clone() };
    let mut evidence = server.role(Role::Kra).sources();
    evidence.extend(server.role(Role::Ca).sources());
    State::Fail(Box::new(Failure {
        severity: Severity::Info,
        subjects: vec![name.to_string()],
        why: format!(
            "{name} shows the KRA but not the CA, which the KRA needs: do not count on it for the \
             vaults."
        ),
        evidence,
        repair: peer.map(|peer| Repair::Edits(vec![add(peer)])),
    }))
}
