# shellcheck shell=bash
# Shared by the scripts beside it: finds the checkout and installs what is
# missing from Debian, saying what.  Sourced, not run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# What the programs are built from.
# shellcheck disable=SC2034
build_packages=(
	build-essential cmake ninja-build pkg-config
	libconfuse-dev libcsv-dev libcurl4-openssl-dev libevent-dev
	libjansson-dev librdkafka-dev libsodium-dev
	libsqlite3-dev libsystemd-dev libzmq3-dev r-mathlib tzdata uthash-dev
	zlib1g-dev
)

# What the tests use besides.
# shellcheck disable=SC2034
test_packages=(
	clang clang-format libclang-rt-14-dev curl kcat libcmocka-dev
	libprotobuf-c-dev mandoc nginx-light openssl procps
	protobuf-c-compiler protobuf-compiler python3-protobuf python3-pytest python3-zmq
	shellcheck systemd universal-ctags valgrind
)

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		echo "error: installing packages needs root or sudo; run as root:" >&2
		echo "  $*" >&2
		exit 77
	fi
}

# need PACKAGE...: installs those that are not there.
need() {
	local missing=() package
	for package in "$@"; do
		dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null |
			grep -qx installed || missing+=("$package")
	done
	[ "${#missing[@]}" -gt 0 ] || return 0
	echo "Installing from Debian: ${missing[*]}"
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y \
		--no-install-recommends install "${missing[@]}" >/dev/null || {
		echo "error: apt-get could not install: ${missing[*]}" >&2
		exit 69
	}
}

# configure_and_build PRESET: quiet unless it fails.
configure_and_build() {
	local preset=$1 log
	log=$(mktemp)
	echo "Building ($preset) ..."
	if ! { cmake --preset "$preset" -S "$root" >"$log" 2>&1 &&
		cmake --build "$root/build/$preset" >>"$log" 2>&1; }; then
		tail -n 40 "$log" >&2
		echo "error: the build failed; all of its output: $log" >&2
		exit 70
	fi
	rm -f "$log"
}
