//! The Debian package, made of the binary under test and installed into a root of its own.
//!
//! dpkg runs the package's scripts without changing into the root, so this needs no system there; a
//! whole Debian is installed into by `make deb-install-test`.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

const UNIT: &str = "grandstream-exporter.service";

/// A root with a package database and nothing else.
struct Root(TempDir);

impl Root {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        for database in ["info", "updates", "triggers"] {
            let path = directory.path().join("var/lib/dpkg").join(database);
            fs::create_dir_all(path).expect("made");
        }
        for file in ["var/lib/dpkg/status", "var/lib/dpkg/available"] {
            fs::write(directory.path().join(file), "").expect("written");
        }
        fs::create_dir(directory.path().join("etc")).expect("made");
        Self(directory)
    }

    fn path(&self, below: &str) -> PathBuf {
        self.0.path().join(below)
    }

    fn text(&self, below: &str) -> String {
        fs::read_to_string(self.path(below)).unwrap_or_else(|error| panic!("{below}: {error}"))
    }

    fn dpkg(&self, arguments: &[&Path]) {
        let mut dpkg = Command::new("dpkg");
        dpkg.arg("--root").arg(self.0.path()).args([
            "--force-script-chrootless",
            "--force-not-root",
            "--force-depends",
            "--force-confdef",
        ]);
        good(dpkg.args(arguments));
    }

    /// What systemd makes of the installed unit, among the targets of this system.
    fn verify(&self) -> Output {
        Command::new("systemd-analyze")
            .arg(format!("--root={}", self.0.path().display()))
            .args(["verify", "--man=no", "--recursive-errors=no", UNIT])
            .output()
            .expect("systemd-analyze; scripts/test-tools installs it")
    }

    /// Brings what the unit refers to and a system has.
    fn add_what_systems_have(&self) {
        let units = fs::read_dir("/usr/lib/systemd/system").expect("systemd's units");
        for unit in units.map(|unit| unit.expect("an entry").path()) {
            let kind = unit.extension().unwrap_or_default();
            if kind == "target" || kind == "slice" || kind == "mount" {
                let name = unit.file_name().expect("a name");
                let to = self.path("usr/lib/systemd/system").join(name);
                // Some are links to units that are not installed.
                if unit.exists() {
                    fs::copy(&unit, to).expect("copied");
                }
            }
        }
        fs::create_dir(self.path("bin")).expect("made");
        fs::copy("/bin/kill", self.path("bin/kill")).expect("copied");
    }
}

/// Runs it; it must end well.
fn good(command: &mut Command) -> String {
    let ended = command.output().expect("it runs");
    assert!(ended.status.success(), "{command:?}: {ended:?}");
    String::from_utf8_lossy(&ended.stdout).trim().to_owned()
}

/// The package of the binary under test.
fn package(directory: &Path, version: &str) -> PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/deb");
    let mut make = Command::new(script);
    make.arg(env!("CARGO_BIN_EXE_grandstream-exporter"));
    good(make.arg(directory).arg(version)).into()
}

#[test]
fn the_package_brings_all_it_should_and_stays_off_until_it_is_configured() {
    let directory = tempfile::tempdir().expect("a directory");
    let root = Root::new();
    root.dpkg(&["-i".as_ref(), &package(directory.path(), "1.0")]);
    for file in [
        "usr/share/man/man1/grandstream-exporter.1.gz",
        "usr/share/man/man1/grandstream-exporter-serve.1.gz",
        "usr/share/bash-completion/completions/grandstream-exporter",
        "usr/share/zsh/vendor-completions/_grandstream-exporter",
        "usr/share/fish/vendor_completions.d/grandstream-exporter.fish",
        "usr/share/doc/grandstream-exporter/copyright",
        "usr/share/doc/grandstream-exporter/changelog.gz",
        "usr/share/doc/grandstream-exporter/docs/privacy.md",
        "usr/share/grandstream-exporter/grafana/dashboards/fleet.json",
        "usr/share/grandstream-exporter/grafana/provisioning/dashboards.yaml",
        "usr/share/grandstream-exporter/prometheus/alertmanager/inhibit.yml",
        "usr/share/grandstream-exporter/prometheus/alerts.yml",
        "usr/share/grandstream-exporter/prometheus/recording.yml",
    ] {
        assert!(root.path(file).exists(), "{file}");
    }
    for unwanted in ["grafana/check", "prometheus/tests"] {
        let path = root.path("usr/share/grandstream-exporter").join(unwanted);
        assert!(!path.exists(), "{unwanted} is for those who change it");
    }
    assert!(root.text("etc/passwd").contains("grandstream-exporter:"));
    let group = root.text("etc/group");
    for private in [
        "etc/grandstream-exporter",
        "etc/grandstream-exporter/secrets",
    ] {
        let found = fs::metadata(root.path(private)).expect("a directory");
        assert_eq!(found.permissions().mode() & 0o777, 0o750, "{private}");
        let owner = format!("grandstream-exporter:x:{}:", found.gid());
        assert!(
            group.lines().any(|line| line == owner),
            "{private}: {owner}"
        );
    }
    let enabled = root
        .path("etc/systemd/system/multi-user.target.wants")
        .join(UNIT);
    assert!(enabled.is_symlink());

    // Unconfigured is off: the one file that the unit asks for is not in the package.
    let unit = root.text(&format!("usr/lib/systemd/system/{UNIT}"));
    let condition = unit
        .lines()
        .find_map(|line| line.strip_prefix("ConditionPathExists=/"))
        .expect("a condition");
    assert!(unit.contains(&format!("--config /{condition}\n")), "{unit}");
    assert!(!root.path(condition).exists());

    root.add_what_systems_have();
    let verified = root.verify();
    assert!(verified.status.success(), "{verified:?}");
    let program = root.path("usr/bin/grandstream-exporter");
    let example = root.path("etc/grandstream-exporter/config.example.yaml");
    let mut check = Command::new(&program);
    good(
        check
            .args(["check-config", "--without-secrets"])
            .arg(example),
    );

    fs::rename(&program, directory.path().join("elsewhere")).expect("moved");
    assert!(
        !root.verify().status.success(),
        "the unit needs no program?"
    );
}

#[test]
fn an_upgrade_keeps_what_the_administrator_wrote_and_a_purge_removes_state() {
    let directory = tempfile::tempdir().expect("a directory");
    let root = Root::new();
    root.dpkg(&["-i".as_ref(), &package(directory.path(), "1.0")]);
    let written = [
        ("etc/grandstream-exporter/config.yaml", "phones: []\n"),
        ("etc/grandstream-exporter/config.example.yaml", "# mine\n"),
        ("etc/grandstream-exporter/secrets/hq", "secret\n"),
        ("var/lib/grandstream-exporter/logins", "state\n"),
    ];
    fs::create_dir_all(root.path("var/lib/grandstream-exporter")).expect("made");
    for (file, text) in written {
        fs::write(root.path(file), text).expect("written");
    }
    let closed = fs::Permissions::from_mode(0o700);
    fs::set_permissions(root.path("etc/grandstream-exporter"), closed).expect("closed");

    root.dpkg(&["-i".as_ref(), &package(directory.path(), "1.1")]);
    for (file, text) in written {
        assert_eq!(root.text(file), text, "{file}");
    }
    let mode = fs::metadata(root.path("etc/grandstream-exporter"))
        .expect("a directory")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);

    root.dpkg(&["--purge".as_ref(), "grandstream-exporter".as_ref()]);
    assert!(!root.path("var/lib/grandstream-exporter").exists());
    assert!(!root.path("usr/bin/grandstream-exporter").exists());
    assert_eq!(
        root.text("etc/grandstream-exporter/config.yaml"),
        "phones: []\n"
    );
    assert_eq!(root.text("etc/grandstream-exporter/secrets/hq"), "secret\n");
}
