# Sourced by demo.sh and test.sh: makes sure that a linker and a Rust toolchain are there.
# It installs what Debian or Ubuntu package and otherwise says in one sentence what to do.

needed_rust="1.89"

say() { printf '%s\n' "$*" >&2; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else return 1; fi
}

apt_install() {
    command -v apt-get >/dev/null || return 1
    say "Installing $* with apt-get."
    as_root apt-get update -qq && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" >/dev/null
}

# True when version $1 is at least version $2.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

rust_version() { command -v cargo >/dev/null && cargo --version 2>/dev/null | cut -d' ' -f2; }

# A versioned toolchain as Ubuntu packages it (cargo-1.89 and the like), newest first.
versioned_cargo() {
    apt-cache search --names-only '^cargo-1\.[0-9]+$' 2>/dev/null | cut -d' ' -f1 | sort -Vr |
        while read -r package; do
            at_least "${package#cargo-}" "$needed_rust" && { printf '%s\n' "$package"; break; }
        done
}

ensure_linker() {
    command -v cc >/dev/null && return 0
    apt_install gcc libc6-dev && return 0
    say "A C linker is needed: install gcc (on Debian and Ubuntu: apt-get install gcc libc6-dev) and run this again."
    exit 2
}

# The viewer is tested in a real browser.
ensure_browser() {
    local name
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        command -v "$name" >/dev/null && return 0
    done
    apt_install chromium && return 0
    say "Chromium is needed to test the viewer: install it (on Debian: apt-get install chromium) and run this again."
    exit 2
}

ensure_rust() {
    [ -f "$HOME/.cargo/env" ] && . "$HOME/.cargo/env"
    local have; have=$(rust_version || true)
    [ -n "$have" ] && at_least "$have" "$needed_rust" && return 0
    if command -v apt-get >/dev/null; then
        as_root apt-get update -qq || true
        local candidate; candidate=$(apt-cache policy cargo 2>/dev/null | sed -n 's/ *Candidate: *//p')
        # Debian numbers its cargo like the toolchain since 1.63 (cargo 1.85.0 is Rust 1.85).
        if [ -n "$candidate" ] && [ "$candidate" != "(none)" ] && at_least "${candidate%%[+~-]*}" "$needed_rust"; then
            apt_install cargo rustc
        else
            local package; package=$(versioned_cargo)
            if [ -n "$package" ]; then
                local version="${package#cargo-}"
                apt_install "$package" "rustc-$version" &&
                    export PATH="/usr/lib/rust-$version/bin:$PATH"
            elif apt-cache show rustup >/dev/null 2>&1 && apt_install rustup; then
                rustup default stable >/dev/null 2>&1 || true
            fi
        fi
    fi
    have=$(rust_version || true)
    if [ -z "$have" ] || ! at_least "$have" "$needed_rust"; then
        say "Rust $needed_rust or newer is needed (found: ${have:-none}): install it from https://rustup.rs and run this again."
        exit 2
    fi
}

ensure_linker
ensure_rust
