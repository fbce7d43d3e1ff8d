//! The steps of `cargo site`, each with the failure it can end in.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use wasm_bindgen_cli_support::Bindgen;

const TARGET: &str = "wasm32-unknown-unknown";
/// The profile in the workspace's Cargo.toml.
const PROFILE: &str = "wasm-release";
/// The stem of every generated file.
const STEM: &str = "idm_drill";
/// More than this and the page gets slow on a hotel network: look at what grew before raising it.
const MODULE_LIMIT_RAW: u64 = 3_600_000;
/// The same limit as it is sent: the pages hold the module compressed.
const MODULE_LIMIT_GZIP: u64 = 1_100_000;

/// A step that did not work, in words for the person at the terminal.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) step: &'static str,
    pub(crate) what: String,
    pub(crate) help: Option<String>,
}

impl Failure {
    fn new(step: &'static str, what: impl Into<String>) -> Self {
        Self { step, what: what.into(), help: None }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// The folders that the steps share.
#[derive(Debug)]
pub(crate) struct Places {
    workspace: PathBuf,
    target: PathBuf,
}

impl Places {
    /// Finds the workspace (two levels above this crate) and Cargo's target folder.
    pub(crate) fn find() -> Result<Self, Failure> {
        // Cargo sets the variable when it runs this program, so that a built copy of the program
        // holds no path of the machine that built it.
        let this_crate = env::var_os("CARGO_MANIFEST_DIR").ok_or_else(|| {
            Failure::new("start", "CARGO_MANIFEST_DIR is not set").help("run it as `cargo site`")
        })?;
        let workspace = Path::new(&this_crate)
            .ancestors()
            .nth(2)
            .map(Path::to_path_buf)
            .ok_or_else(|| Failure::new("start", "the crate is not at site/build"))?;
        let target = match env::var_os("CARGO_TARGET_DIR") {
            None => workspace.join("target"),
            Some(folder) => std::path::absolute(folder)
                .map_err(|error| Failure::new("start", format!("CARGO_TARGET_DIR: {error}")))?,
        };
        Ok(Self { workspace, target })
    }

    fn site(&self) -> PathBuf {
        self.workspace.join("site")
    }

    /// Where the generated module and glue go; the parity test looks here.
    fn out(&self) -> PathBuf {
        self.target.join("site")
    }

    fn module(&self) -> PathBuf {
        self.out().join(format!("{STEM}_bg.wasm"))
    }
}

/// Compiles the crate `wasm` for the browser.
pub(crate) fn build_module(places: &Places) -> Result<(), Failure> {
    const STEP: &str = "module";
    let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command
        .current_dir(&places.workspace)
        .args(["build", "--package", "wasm", "--target", TARGET, "--profile", PROFILE])
        .args(["--locked", "--target-dir"])
        .arg(&places.target)
        .env("CARGO_ENCODED_RUSTFLAGS", remap_flags(places));
    run(STEP, &mut command).map_err(|failure| {
        failure.help(format!(
            "if the target is missing: rustup target add {TARGET}; \
             if Cargo.lock needs an update: cargo build --workspace"
        ))
    })
}

/// Compiler flags that replace folders of this machine, which panic messages would carry into the
/// shipped file. With them two machines build the same bytes.
fn remap_flags(places: &Places) -> OsString {
    let mut flags = vec![remap(&places.workspace, ".")];
    let home = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| {
        let home = env::var_os("HOME").or_else(|| env::var_os("USERPROFILE"))?;
        Some(Path::new(&home).join(".cargo"))
    });
    if let Some(home) = home {
        // One folder per registry, named after its host.
        let registries = fs::read_dir(home.join("registry").join("src"));
        for registry in registries.into_iter().flatten().flatten() {
            flags.push(remap(&registry.path(), "crates"));
        }
    }
    flags.sort();
    flags.join(&OsString::from("\u{1f}"))
}

fn remap(from: &Path, to: &str) -> OsString {
    let mut flag = OsString::from("--remap-path-prefix=");
    flag.push(from);
    flag.push("=");
    flag.push(to);
    flag
}

/// Writes the module that the page loads and its JavaScript glue.
pub(crate) fn bindgen(places: &Places) -> Result<(), Failure> {
    const STEP: &str = "glue";
    let input = places.target.join(TARGET).join(PROFILE).join("wasm.wasm");
    let mut generator = Bindgen::new();
    generator
        .input_path(&input)
        .out_name(STEM)
        .typescript(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        // The page holds the module's bytes itself; without this the glue would look for a file.
        .omit_default_module_path(true);
    generator.web(true).and_then(|generator| generator.generate(places.out())).map_err(|error| {
        Failure::new(STEP, format!("{error:#}"))
            .help("the crates wasm-bindgen and wasm-bindgen-cli-support must have the same version")
    })
}

/// Fails when the module outgrew its limit.
pub(crate) fn check_raw_size(places: &Places) -> Result<(), Failure> {
    const STEP: &str = "size";
    let module = places.module();
    let size = fs::metadata(&module)
        .map_err(|error| Failure::new(STEP, format!("{}: {error}", module.display())))?
        .len();
    if size > MODULE_LIMIT_RAW {
        let what = format!("the module has {size} bytes, more than {MODULE_LIMIT_RAW}");
        return Err(Failure::new(STEP, what).help("cargo tree -p wasm shows what came in"));
    }
    Ok(())
}

/// Copies the glue to `site/pkg`, where the page's sources import it from.
pub(crate) fn lend_glue_to_the_page(places: &Places) -> Result<(), Failure> {
    const STEP: &str = "glue";
    let to = places.site().join("pkg");
    let copy = || -> std::io::Result<()> {
        fs::create_dir_all(&to)?;
        for ending in [".js", ".d.ts", "_bg.wasm", "_bg.wasm.d.ts"] {
            let name = format!("{STEM}{ending}");
            fs::copy(places.out().join(&name), to.join(&name))?;
        }
        Ok(())
    };
    copy().map_err(|error| Failure::new(STEP, format!("{}: {error}", to.display())))
}

/// Installs the page's build tools as the lock file lists them, unless they are there.
pub(crate) fn install_packages(places: &Places) -> Result<(), Failure> {
    let site = places.site();
    let changed = |path: &Path| fs::metadata(path).and_then(|data| data.modified()).ok();
    let lock = changed(&site.join("package-lock.json"));
    // npm writes this file at the end of an installation.
    let installed = changed(&site.join("node_modules").join(".package-lock.json"));
    if installed.is_some() && installed >= lock {
        return Ok(());
    }
    println!("      npm ci");
    npm("npm ci", places, &["ci", "--no-audit", "--no-fund"])
}

/// Runs the type checker and Vite.
pub(crate) fn build_pages(places: &Places) -> Result<(), Failure> {
    npm("pages", places, &["run", "--silent", "build"])
}

/// Prints what ships, raw and compressed, and fails over the limits.
pub(crate) fn print_sizes(places: &Places) -> Result<(), Failure> {
    // Node compresses: the standard library cannot, and the page needs Node anyway.
    let mut command = Command::new("node");
    command
        .current_dir(places.site())
        .arg(Path::new("build").join("sizes.mjs"))
        .args([MODULE_LIMIT_RAW.to_string(), MODULE_LIMIT_GZIP.to_string()])
        .arg(places.module());
    run("sizes", &mut command)
}

fn npm(step: &'static str, places: &Places, arguments: &[&str]) -> Result<(), Failure> {
    let program = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let mut command = Command::new(program);
    command.current_dir(places.site()).args(arguments);
    run(step, &mut command)
}

fn run(step: &'static str, command: &mut Command) -> Result<(), Failure> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().map_err(|error| {
        let failure = Failure::new(step, format!("cannot start {program}: {error}"));
        if program.starts_with('n') {
            failure.help("install Node.js 20.19 or newer with npm; `--wasm-only` needs neither")
        } else {
            failure
        }
    })?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(step, format!("{program} ended with {status}")))
}
