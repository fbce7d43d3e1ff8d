//! Native = WebAssembly: the very module that the page ships gives the bytes that native code
//! gives, run by wasmtime through the plain door (`wasm/src/abi.rs`).
//!
//! The module is built by `cargo site --wasm-only` if it is missing or older than a source; a test
//! that silently skipped would prove nothing, so a failed build fails the test. Cranelift takes
//! seconds for the module, hence one test for all cases.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test reads fixtures, and ends where something is missing"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use wasm::bundle::{self, Bundle};
use wasmtime::{Config, Engine, Instance, Linker, Memory, Module, Store, TypedFunc};

use crate::wasm_host::{build_if_old, compile, target, workspace};

const AS_OF: &str = "2026-11-22T12:00:00Z";
/// Far above what the largest fixture takes: an endless loop ends here.
const FUEL: u64 = 100_000_000_000;

#[test]
fn native_and_wasm_give_the_same_bytes() {
    let host = Host::new(&module());
    let cases = cases();
    let mut audits = 0;
    for (name, bytes) in &cases {
        let native = bundle::audit(bytes).envelope();
        let (wasm, fuel) = host.audit(bytes);
        assert!(native == wasm, "{name}: {}", first_difference(&native, &wasm));
        audits += usize::from(native.starts_with("{\"report\":"));
        // Work is counted in instructions, so twice the same work must cost the same.
        let (again, fuel_again) = host.audit(bytes);
        assert_eq!(wasm, again, "{name}: two instances differ");
        assert_eq!(fuel, fuel_again, "{name}: two instances took different work");
        println!("{name}: {} bytes, {fuel} units of fuel", wasm.len());
    }
    assert!(audits >= 3, "only {audits} of {} cases were audits", cases.len());
}

/// Bundles by name.
fn cases() -> BTreeMap<String, Vec<u8>> {
    let mut cases = BTreeMap::new();
    let bundle = |files: Vec<(&str, &[u8])>| Bundle { as_of: AS_OF, files }.to_bytes();

    let example = bundle(audit_core::example::FILES.to_vec());
    cases.insert("the bundled example".to_owned(), example.clone());
    for (name, content) in audit_core::example::FILES {
        cases.insert(format!("only {name} of the example"), bundle(vec![(name, content)]));
    }

    let fixtures = workspace().join("tests/fixtures");
    for (name, files) in folders(&fixtures.join("deployments")) {
        let files = files.iter().map(|(name, content)| (name.as_str(), content.as_slice()));
        cases.insert(format!("deployments/{name}"), bundle(files.collect()));
    }
    for (name, content) in files(&fixtures.join("exports"), "") {
        cases.insert(format!("exports/{name}"), bundle(vec![(&name, &content)]));
    }

    let mut hostile = |name: &str, bytes: Vec<u8>| {
        cases.insert(format!("hostile: {name}"), bytes);
    };
    hostile("nothing", Vec::new());
    hostile("no file", bundle(Vec::new()));
    hostile("an empty file", bundle(vec![("a", b"")]));
    hostile("an empty name", bundle(vec![("", b"dn: cn=x\n")]));
    hostile("a name that is markup", bundle(vec![("<script>&\"'\u{1}\u{fffe}", b"{")]));
    hostile("content that is not UTF-8", bundle(vec![("a", b"\xff\xfe\xfa\x80")]));
    hostile("NUL bytes", bundle(vec![("a", &[0; 4096])]));
    hostile("a line of a megabyte", bundle(vec![("a", &vec![b'x'; 1 << 20])]));
    hostile("deep JSON", bundle(vec![("a.json", "[".repeat(100_000).as_bytes())]));
    hostile("JSON of another schema", bundle(vec![("a.json", br#"{"schema":"x"}"#)]));
    hostile("no time", Bundle { as_of: "", files: vec![("a", b"")] }.to_bytes());
    hostile(
        "a time that is none",
        Bundle { as_of: "soon\n\"", files: vec![("a", b"")] }.to_bytes(),
    );
    hostile("the year 0000", Bundle { as_of: "0000-01-01", files: vec![("a", b"")] }.to_bytes());
    hostile("a length of 4 GiB", vec![0xff, 0xff, 0xff, 0xff, b'x']);
    hostile("half a length", vec![1, 0]);
    hostile("time that is not UTF-8", vec![1, 0, 0, 0, 0xff]);
    let mut name_not_utf8 = bundle(vec![("a", b"")]);
    if let Some(byte) = name_not_utf8.get_mut(4 + AS_OF.len() + 4) {
        *byte = 0xff;
    }
    hostile("name that is not UTF-8", name_not_utf8);
    for part in [1, 2, 3, 5] {
        let end = example.len() * part / 6;
        let cut = example.get(..end).unwrap_or_default().to_vec();
        hostile(&format!("the example cut at {part}/6"), cut);
    }
    cases
}

/// The module in wasmtime.
struct Host {
    engine: Engine,
    module: Module,
}

impl Host {
    fn new(path: &Path) -> Self {
        let mut config = Config::new();
        config.consume_fuel(true);
        let engine = Engine::new(&config).unwrap();
        let module = compile(&engine, path);
        Self { engine, module }
    }

    /// The envelope and the fuel that one fresh instance takes.
    fn audit(&self, bundle: &[u8]) -> (String, u64) {
        let mut store = Store::new(&self.engine, ());
        store.set_fuel(FUEL).unwrap();
        let mut linker = Linker::new(&self.engine);
        // The glue's one import sets up the page's door; the plain door never calls it.
        linker.define_unknown_imports_as_traps(&self.module).unwrap();
        let instance = linker.instantiate(&mut store, &self.module).unwrap();
        let door = Door::of(&instance, &mut store);

        let len = u32::try_from(bundle.len()).unwrap();
        let at = door.alloc.call(&mut store, len).unwrap();
        assert_ne!(at, 0, "the module has no room for {len} bytes");
        door.memory.write(&mut store, at as usize, bundle).unwrap();
        let packed = door.audit.call(&mut store, (at, len)).unwrap();
        let (answer_at, answer_len) = ((packed >> 32) as u32, packed as u32);
        let mut answer = vec![0; answer_len as usize];
        door.memory.read(&store, answer_at as usize, &mut answer).unwrap();
        door.free.call(&mut store, (at, len)).unwrap();
        door.free.call(&mut store, (answer_at, answer_len)).unwrap();
        (String::from_utf8(answer).unwrap(), FUEL - store.get_fuel().unwrap())
    }
}

/// The exports of the plain door.
struct Door {
    memory: Memory,
    alloc: TypedFunc<u32, u32>,
    audit: TypedFunc<(u32, u32), u64>,
    free: TypedFunc<(u32, u32), ()>,
}

impl Door {
    fn of(instance: &Instance, store: &mut Store<()>) -> Self {
        Self {
            memory: instance.get_memory(&mut *store, "memory").unwrap(),
            alloc: instance.get_typed_func(&mut *store, "idm_alloc").unwrap(),
            audit: instance.get_typed_func(&mut *store, "idm_audit").unwrap(),
            free: instance.get_typed_func(&mut *store, "idm_free").unwrap(),
        }
    }
}

/// The module that the page ships, built if it is missing or older than a source.
fn module() -> PathBuf {
    let module = target().join("site").join("idm_drill_bg.wasm");
    let sources = ["audit-core", "wasm", "site/build"];
    let command = ["run", "--quiet", "--locked", "--package", "site-build", "--", "--wasm-only"];
    build_if_old(&module, &sources, &command);
    module
}

/// The folders in a folder with all their files; none if it does not exist.
fn folders(path: &Path) -> BTreeMap<String, BTreeMap<String, Vec<u8>>> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.path().is_dir())
        .map(|entry| (entry.file_name().into_string().unwrap(), files(&entry.path(), "")))
        .collect()
}

/// All files below a folder, by their names from there.
fn files(path: &Path, prefix: &str) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        let name = format!("{prefix}{}", entry.file_name().into_string().unwrap());
        if entry.path().is_dir() {
            found.extend(files(&entry.path(), &format!("{name}/")));
        } else {
            found.insert(name, fs::read(entry.path()).unwrap());
        }
    }
    found
}

/// Where two texts part, with what stands around.
fn first_difference(native: &str, wasm: &str) -> String {
    let at = native.bytes().zip(wasm.bytes()).take_while(|(a, b)| a == b).count();
    let around = |text: &str| -> String {
        let bytes = text.as_bytes();
        let from = at.saturating_sub(60);
        let to = (at + 60).min(bytes.len());
        String::from_utf8_lossy(bytes.get(from..to).unwrap_or_default()).into_owned()
    };
    format!(
        "native and wasm part at byte {at}\nnative: ..{}..\nwasm:   ..{}..",
        around(native),
        around(wasm)
    )
}
