# Sourced by tasks/quickstart.sh and tests/run.sh: the one list of Debian packages, what is missing
# of it, and how to get it.

elm_packages=(
    g++ cmake ninja-build ccache pkg-config git ca-certificates
    libeigen3-dev libhdf5-dev zlib1g-dev libpng-dev libsndfile1-dev libboost-program-options-dev libboost-context-dev
    libfmt-dev libspdlog-dev nlohmann-json3-dev libtomlplusplus-dev libthrust-dev
    gnuplot-nox
)
elm_test_packages=(libgtest-dev libbenchmark-dev clang clang-format hdf5-tools
                   python3-h5py libopenmpi-dev openmpi-bin espeak-ng)

# elm_install_packages NAME...: installs those that are missing, says which, asks nothing.
elm_install_packages() {
    local package missing=()
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
            missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    echo "Installing Debian packages: ${missing[*]}"
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            echo "error: these packages are missing and there is neither root nor sudo to install" \
                 "them. Ask an administrator to run: apt-get install ${missing[*]}" >&2
            return 1
        fi
        as_root=(sudo)
    fi
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq &&
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
            --no-install-recommends "${missing[@]}" >/dev/null
}
