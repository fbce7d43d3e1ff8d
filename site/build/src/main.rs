//! `cargo site`: builds everything the page ships.
//!
//! ```text
//! cargo build -p wasm   -> TARGET/wasm32-unknown-unknown/wasm-release/wasm.wasm
//! wasm-bindgen          -> TARGET/site/idm_drill_bg.wasm, idm_drill.js, idm_drill.d.ts
//! vite (npm run build)  -> site/dist/               for any static web server
//!                          site/dist-single/index.html   one file, opens from file://
//! ```
//!
//! `cargo site --wasm-only` stops after the second line: the parity test runs that very file.
//! The build never downloads anything except through `npm ci`, and only when `site/node_modules`
//! is missing or older than the lock file.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a build command talks to the person who runs it"
)]

mod steps;

use std::process::ExitCode;

/// What the command line asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Goal {
    /// The module, its glue and both pages.
    Everything,
    /// The module and its glue.
    WasmOnly,
}

const USAGE: &str = "\
Builds the page of idm-drill: site/dist/ and site/dist-single/index.html.

Usage: cargo site [--wasm-only]

  --wasm-only  only the module and its JavaScript glue (TARGET/site/)
  --help       this text

Needs: the Rust target wasm32-unknown-unknown; for the pages also Node.js 20.19 or newer with npm.
";

fn main() -> ExitCode {
    let mut goal = Goal::Everything;
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--wasm-only" => goal = Goal::WasmOnly,
            "--help" | "-h" => {
                print!("{USAGE}");
                return ExitCode::SUCCESS;
            }
            other => {
                eprintln!("error: unknown argument {other:?}\n\n{USAGE}");
                return ExitCode::from(2);
            }
        }
    }
    match run(goal) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {}: {}", failure.step, failure.what);
            if let Some(help) = failure.help {
                eprintln!("help: {help}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run(goal: Goal) -> Result<(), steps::Failure> {
    let places = steps::Places::find()?;
    println!("[1/4] module: cargo build -p wasm --target wasm32-unknown-unknown");
    steps::build_module(&places)?;
    println!("[2/4] glue: wasm-bindgen");
    steps::bindgen(&places)?;
    steps::check_raw_size(&places)?;
    if goal == Goal::WasmOnly {
        return Ok(());
    }
    steps::lend_glue_to_the_page(&places)?;
    steps::install_packages(&places)?;
    println!("[3/4] pages: npm run build");
    steps::build_pages(&places)?;
    println!("[4/4] sizes");
    steps::print_sizes(&places)
}
