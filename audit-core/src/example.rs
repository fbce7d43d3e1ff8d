//! The bundled example: exports of a small deployment with a few honest mistakes.
//!
//! Five servers in two data centers, one of them a hidden replica for backups, with a CA that no
//! segment of suffix `ca` reaches.

/// Name and content of each file.
pub static FILES: &[(&str, &[u8])] = &[
    ("example/locations.ldif", include_bytes!("../example/locations.ldif")),
    ("example/segments.txt", include_bytes!("../example/segments.txt")),
    ("example/server-roles.txt", include_bytes!("../example/server-roles.txt")),
];
