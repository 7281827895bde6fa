#!/usr/bin/env bash
# Installs what the tests against the real parts need: Apache Kafka 4, TimescaleDB on
# PostgreSQL 17, Prometheus with promtool, Alertmanager with amtool, LibreOffice Calc with what draws
# pages, Chromium, Helm, systemd-analyze. See README.md beside.
#
# Progress goes to stderr; stdout carries only `export NAME=value` lines, so that
#     eval "$(tests/real/provision.sh)"
# works. A part that is already there, made by the same recipe, is left alone.
set -euo pipefail
exec 3>&1 1>&2 # from here on everything is progress; the exports go to 3

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
real_dir=${TEST_REAL_DIR:-$here/../../.cache/real}
mkdir -p "$real_dir/log"
real_dir=$(cd "$real_dir" && pwd -P)
printf '*\n' >"$real_dir/.gitignore"

readonly pg_suite=trixie # the first Debian release that carries TimescaleDB
readonly pg_bin=/usr/lib/postgresql/17/bin
readonly pg_lib=/usr/lib/postgresql/17/lib
# shellcheck source=/dev/null
host=$(. /etc/os-release && echo "${ID:-unknown} ${VERSION_CODENAME:-unknown} $(uname -m)")

say() { printf '[real] %s\n' "$*"; }

fail() {
    say "FAILED: $*"
    exit 1
}

# --------------------------------------------------------------------------------- packages

# Runs apt-get with the given arguments; when that fails, once more with fresh package lists.
with_apt() {
    command -v apt-get >/dev/null || fail "no apt-get here: install by hand: $*"
    local apt=(apt-get -y -q -o DPkg::Lock::Timeout=300 -o APT::Sandbox::User=root)
    export DEBIAN_FRONTEND=noninteractive
    "${apt[@]}" "$@" && return 0
    if [[ $EUID == 0 ]]; then
        "${apt[@]}" update
    fi
    "${apt[@]}" "$@" || fail "apt-get $* did not work: are Debian's package sources reachable?"
}

install_packages() {
    [[ $EUID == 0 ]] || fail "not root: run 'apt-get install $*' as root, then this script again"
    with_apt install --no-install-recommends "$@"
}

# ------------------------------------------------------------------------------------ Kafka

java_major() {
    { java -version 2>&1 || true; } | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -n 1
}

install_java() {
    local missing=()
    [[ $(java_major) -ge 17 ]] || missing+=(default-jre-headless)
    command -v mvn >/dev/null || missing+=(maven)
    [[ ${#missing[@]} == 0 ]] || install_packages "${missing[@]}"
    [[ $(java_major) -ge 17 ]] || fail "java is $(java_major), Kafka 4 needs 17: put a newer one first"
}

# The jars of the broker in $1/libs. Maven's own store is thrown away: it would only double them.
install_kafka() {
    install_java
    mvn -B -q -C -f "$here/pom.xml" "-Dmaven.repo.local=$1/m2" \
        dependency:copy-dependencies -DincludeScope=runtime "-DoutputDirectory=$1/libs"
    rm -rf "$1/m2"
    java -cp "$1/libs/*" kafka.tools.StorageTool random-uuid
}

# -------------------------------------------------------------------------------- TimescaleDB

# True when TimescaleDB can be loaded by this machine's own PostgreSQL 17.
host_has_timescale() {
    [[ -x $pg_bin/postgres && -e $pg_lib/timescaledb.so ]] || return 1
    ! ldd "$pg_bin/postgres" "$pg_lib"/timescaledb*.so 2>&1 | grep -q 'not found'
}

# Debian's packages start a cluster of their own when installed; nobody asked for one.
install_timescale_on_host() {
    local quiet=/etc/postgresql-common/createcluster.d/voltpass-real.conf
    mkdir -p "${quiet%/*}"
    # shellcheck disable=SC2064
    trap "rm -f $quiet" EXIT # of the subshell of this part
    echo 'create_main_cluster = false' >"$quiet"
    install_packages postgresql-17 postgresql-17-timescaledb
    host_has_timescale || fail "postgresql-17-timescaledb is installed, but its library does not load"
}

# Where this machine gets Debian from, as apt itself says.
debian_mirror() {
    # shellcheck disable=SC2016
    apt-get indextargets --format '$(ORIGIN) $(COMPONENT) $(CODENAME) $(REPO_URI)' \
        'Created-By: Packages' | awk '$1 == "Debian" && $2 == "main" && $3 !~ /-/ { print $4; exit }'
}

# A root of its own for PostgreSQL in $1/root, for machines whose C library is too old.
# Mounts that debootstrap makes meanwhile live in a name space that ends with it.
install_timescale_in_root() {
    install_packages debootstrap ca-certificates
    local mirror=${TEST_REAL_MIRROR:-$(debian_mirror)} alone=() root=$1/root
    if [[ -z $mirror ]]; then
        with_apt update
        mirror=$(debian_mirror)
    fi
    [[ -n $mirror ]] || fail "apt knows no Debian mirror: set TEST_REAL_MIRROR to the address of one"
    if unshare --mount true 2>/dev/null; then
        alone=(unshare --mount)
    fi
    if [[ -z ${http_proxy:-} ]]; then
        eval "$(apt-config shell http_proxy Acquire::http::Proxy)"
        export http_proxy
    fi
    env -u TMPDIR LC_ALL=C "${alone[@]}" debootstrap --variant=minbase \
        --include=postgresql-17,postgresql-17-timescaledb "$pg_suite" "$root" "$mirror"
    rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/* "$root"/var/lib/postgresql/17 \
        "$root"/etc/postgresql/17 "$root"/usr/share/{doc,info,locale,man}
    chroot "$root" setpriv --reuid=postgres --regid=postgres --clear-groups "$pg_bin/postgres" --version
    if chroot "$root" sh -c "ldd $pg_lib/timescaledb*.so" 2>&1 | grep 'not found'; then
        fail "TimescaleDB does not load in the root of its own"
    fi
}

install_timescale() {
    if host_has_timescale; then
        return
    elif [[ $host == "debian $pg_suite "* ]]; then
        install_timescale_on_host
    else
        [[ $EUID == 0 ]] || fail "not root: PostgreSQL needs a root of its own here; run this as root"
        install_timescale_in_root "$1"
    fi
}

# --------------------------------------------------------------------------------- Prometheus

# The programs out of Debian's packages; installing those would start services.
install_prometheus() {
    cd "$1"
    with_apt download prometheus prometheus-alertmanager
    if apt-cache show promtool; then # a package of its own since Debian 13
        with_apt download promtool
    fi
    for package in ./*.deb; do
        dpkg -x "$package" unpacked
    done
    mv unpacked/usr/bin bin
    mv unpacked/usr/share/prometheus/alertmanager templates
    rm -rf unpacked ./*.deb templates/ui
    local program
    for program in promtool prometheus amtool prometheus-alertmanager; do
        "bin/$program" --version
    done
}

# -------------------------------------------------------------------------------- LibreOffice

# Calc without a screen, what turns its pages into pictures, and a font with the signs of the reports.
install_soffice() {
    install_packages libreoffice-calc-nogui poppler-utils poppler-data fonts-wqy-zenhei
    soffice --version
    pdftoppm -v
}

# ----------------------------------------------------------------------------------- Chromium

# Installed, not unpacked: a browser is no browser without the libraries it depends on. The fonts are for Chinese.
install_chromium() {
    command -v chromium && fc-list 2>/dev/null | grep -qi 'noto.*cjk' || install_packages chromium fonts-noto-cjk
    chromium --version >"$1/version"
    cat "$1/version"
}

# -------------------------------------------------------------------------------------- Helm

# Debian has no package of it; the Go module proxy has its source, checked against Go's checksum database.
# Go gets itself the version that Helm asks for.
install_helm() {
    command -v go >/dev/null || fail "no go here: install Go 1.21 or newer (https://go.dev/dl), then this script again"
    GOBIN="$1/bin" GOFLAGS=-modcacherw GOTOOLCHAIN=auto CGO_ENABLED=0 \
        go install -trimpath -ldflags '-s -w' helm.sh/helm/v3/cmd/helm@v3.19.2
    "$1/bin/helm" version
}

# ----------------------------------------------------------------------------------- systemd

# What reads unit files; nothing is started by it.
install_systemd() {
    command -v systemd-analyze >/dev/null || install_packages systemd
    systemd-analyze --version
}

# ------------------------------------------------------------------------------------- steps

# The recipe of a part: the machine it is for, and what its own functions and files say.
recipe() {
    local functions
    mapfile -t functions < <(compgen -A function "install_$1")
    { echo "$host $pg_suite" && declare -f "${functions[@]}"
        [[ $1 != kafka ]] || cat "$here/pom.xml"; } | sha256sum
}

# Makes part $1 in a folder beside, and moves it into place when it is whole.
provide() {
    local part=$1 into=$real_dir/$1.new log=$real_dir/log/$1.log began=$SECONDS code=0
    if [[ $(cat "$real_dir/$part/.recipe" 2>/dev/null) == "$(recipe "$part")" ]]; then
        say "$part: there"
        return
    fi
    say "$part: installing ..."
    rm -rf "$into"
    mkdir "$into"
    set +e # a subshell in a condition would not stop at its first error
    (set -e; "install_$part" "$into") </dev/null >"$log" 2>&1
    code=$?
    set -e
    if [[ $code != 0 ]]; then
        tail -n 25 "$log"
        fail "$part could not be installed (exit status $code); all of it in $log"
    fi
    recipe "$part" >"$into/.recipe"
    rm -rf "${real_dir:?}/$part"
    mv "$into" "$real_dir/$part"
    say "$part: installed in $((SECONDS - began)) s, $(du -sh "$real_dir/$part" | cut -f 1)"
}

# Debian's Alertmanager reads its own templates at this place, and starts only with them.
place_templates() {
    local place=/usr/share/prometheus/alertmanager name
    for name in default.tmpl email.tmpl; do
        [[ -e $place/$name ]] && continue
        [[ $EUID == 0 ]] || fail "not root: copy $real_dir/prometheus/templates to $place as root"
        install -D -m 644 "$real_dir/prometheus/templates/$name" "$place/$name"
    done
}

exports() {
    local root=/
    [[ ! -d $real_dir/timescale/root ]] || root=$real_dir/timescale/root
    printf 'export %s=%q\n' \
        TEST_REAL_DIR "$real_dir" \
        TEST_REAL_JAVA "$(command -v java)" \
        TEST_REAL_KAFKA_LIBS "$real_dir/kafka/libs" \
        TEST_REAL_POSTGRES_ROOT "$root" \
        TEST_REAL_POSTGRES_BIN "$pg_bin" \
        TEST_REAL_PROMTOOL "$real_dir/prometheus/bin/promtool" \
        TEST_REAL_PROMETHEUS "$real_dir/prometheus/bin/prometheus" \
        TEST_REAL_AMTOOL "$real_dir/prometheus/bin/amtool" \
        TEST_REAL_ALERTMANAGER "$real_dir/prometheus/bin/prometheus-alertmanager" \
        TEST_REAL_SOFFICE "$(command -v soffice)" \
        TEST_REAL_PDFTOPPM "$(command -v pdftoppm)" \
        TEST_REAL_CHROMIUM "$(command -v chromium)" \
        TEST_REAL_SYSTEMD_ANALYZE "$(command -v systemd-analyze)"
    [[ ! -d $real_dir/helm ]] || printf 'export TEST_REAL_HELM=%q\n' "$real_dir/helm/bin/helm"
}

exec 9>"$real_dir/.lock"
flock 9 # two runs at once: the second one waits and finds everything there
parts=(kafka timescale prometheus soffice chromium systemd)
# Building Helm takes five minutes of a processor: only when it is asked for, or there already.
[[ -z ${TEST_REAL_WITH_HELM:-} && ! -d $real_dir/helm ]] || parts+=(helm)
for part in "${parts[@]}"; do
    provide "$part"
done
# The machine may have changed under a kept folder: what is not in it is looked at every time.
[[ $(java_major) -ge 17 ]] || fail "java is gone: remove $real_dir/kafka and run this script again"
[[ -d $real_dir/timescale/root ]] || host_has_timescale ||
    fail "PostgreSQL is gone: remove $real_dir/timescale and run this script again"
command -v soffice pdftoppm || fail "LibreOffice is gone: remove $real_dir/soffice and run this script again"
command -v systemd-analyze || fail "systemd is gone: remove $real_dir/systemd and run this script again"
place_templates
command -v chromium >/dev/null || fail "chromium is gone: remove $real_dir/chromium and run this script again"
exports >"$real_dir/parts.env.new"
mv "$real_dir/parts.env.new" "$real_dir/parts.env"
cat "$real_dir/parts.env" >&3
