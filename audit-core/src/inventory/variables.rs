//! Variables of the roles `ipaserver` and `ipareplica` of ansible-freeipa: which there are, and
//! which are read.

/// Variables of role `ipaserver`, without `ipaserver_` (ansible-freeipa `roles/ipaserver/README.md`
/// and `defaults/main.yml`).
const SERVER: &str = "\
    ip_addresses domain realm hostname no_host_dns mem_check setup_ca setup_adtrust setup_kra \
    setup_dns idstart idmax no_hbac_allow no_ui_redirect dirsrv_config_file pki_config_override \
    random_serial_numbers dirsrv_cert_files http_cert_files pkinit_cert_files dirsrv_pin http_pin \
    pkinit_pin dirsrv_cert_name http_cert_name pkinit_cert_name no_pkinit external_ca \
    external_ca_type external_ca_profile external_cert_files subject_base ca_subject \
    ca_signing_algorithm allow_zone_overlap reverse_zones no_reverse auto_reverse zonemgr \
    forwarders no_forwarders auto_forwarders forward_policy no_dnssec_validation dot_forwarders \
    dns_over_tls dns_over_tls_cert dns_over_tls_key dns_policy enable_compat netbios_name rid_base \
    secondary_rid_base install_packages setup_firewalld firewalld_zone \
    external_cert_files_from_controller copy_csr_to_controller ignore_topology_disconnect \
    ignore_last_of_role remove_from_domain remove_on_server master_password add_sids add_agents \
    ca_cert_files mkhomedir no_ntp allow_repair allow_missing";

/// Variables of role `ipareplica`, without `ipareplica_` (its README, `defaults/main.yml` and
/// `tasks/install.yml`).
const REPLICA: &str = "\
    ip_addresses domain realm hostname no_host_dns skip_conncheck pki_config_override mem_check \
    hidden_replica setup_adtrust setup_ca setup_kra setup_dns no_pkinit no_ui_redirect \
    dirsrv_config_file dirsrv_cert_files http_cert_files pkinit_cert_files dirsrv_pin http_pin \
    pkinit_pin dirsrv_cert_name http_cert_name pkinit_cert_name skip_schema_check \
    allow_zone_overlap reverse_zones no_reverse auto_reverse zonemgr forwarders no_forwarders \
    auto_forwarders forward_policy no_dnssec_validation dot_forwarders dns_over_tls \
    dns_over_tls_cert dns_over_tls_key dns_policy add_sids add_agents enable_compat netbios_name \
    rid_base secondary_rid_base servers install_packages setup_firewalld firewalld_zone \
    ignore_topology_disconnect ignore_last_of_role remove_from_domain remove_on_server \
    ca_cert_files master_password";

/// Variables whose values are read. No other value is looked at: inventories hold passwords.
const READ: [&str; 17] = [
    "ipaserver_domain",
    "ipaserver_hostname",
    "ipaserver_setup_ca",
    "ipaserver_setup_kra",
    "ipaserver_setup_dns",
    "ipaserver_setup_adtrust",
    "ipaserver_external_ca",
    "ipaserver_dirsrv_cert_files",
    "ipareplica_domain",
    "ipareplica_hostname",
    "ipareplica_setup_ca",
    "ipareplica_setup_kra",
    "ipareplica_setup_dns",
    "ipareplica_setup_adtrust",
    "ipareplica_hidden_replica",
    "ipareplica_dirsrv_cert_files",
    ROLE_CHECK,
];

/// Switches off the check of `ipa-backup` that a server has all roles in use (role `ipabackup`).
pub(crate) const ROLE_CHECK: &str = "ipabackup_disable_role_check";

/// True if the value of a variable is read.
pub(crate) fn is_read(name: &str) -> bool {
    READ.contains(&name)
}

/// True if a variable is named like one of the two roles that install servers.
pub(crate) fn is_of_roles(name: &str) -> bool {
    name.starts_with("ipaserver_") || name.starts_with("ipareplica_")
}

/// What stands behind the prefix of a variable of the two roles, and the known ones.
fn split(name: &str) -> Option<(&'static str, &str, &'static str)> {
    if let Some(rest) = name.strip_prefix("ipaserver_") {
        return Some(("ipaserver_", rest, SERVER));
    }
    name.strip_prefix("ipareplica_").map(|rest| ("ipareplica_", rest, REPLICA))
}

/// False for a variable that is named like one of the two roles and is none of theirs.
pub(crate) fn is_known(name: &str) -> bool {
    split(name).is_none_or(|(_, rest, known)| known.split_whitespace().any(|word| word == rest))
}

/// Letters in which a name may differ from the one that is meant.
const DISTANCE_MAX: usize = 3;

/// The variable of the role that a name is nearest to.
pub(crate) fn nearest(name: &str) -> Option<String> {
    let (prefix, rest, known) = split(name)?;
    let (_, word) = known
        .split_whitespace()
        .map(|word| (distance(rest, word), word))
        .filter(|(distance, word)| *distance <= DISTANCE_MAX.min(word.len() / 2))
        .min()?;
    Some(format!("{prefix}{word}"))
}

/// Letters to insert, delete or replace (Levenshtein).
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    // Longer than any variable: nothing is near.
    for (index, c) in left.chars().take(100).enumerate() {
        let mut diagonal = std::mem::replace(row.first_mut().unwrap_or(&mut 0), index + 1);
        let mut before = index + 1;
        for (other, cell) in right.iter().zip(row.iter_mut().skip(1)) {
            let replaced = diagonal + usize::from(*other != c);
            diagonal = *cell;
            before = replaced.min(diagonal + 1).min(before + 1);
            *cell = before;
        }
    }
    row.last().copied().unwrap_or(usize::MAX)
}
