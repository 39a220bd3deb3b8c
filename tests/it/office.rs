//! What an office of many phones goes through: the example of docs/office.md, phones that are
//! exchanged, a password that changes over a day.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use grandstream_exporter::config::{Config, Environment, Secrets, load};
use grandstream_exporter::fleet::place;
use grandstream_exporter::sim::{self, Behaviour, Layout, Spec, User};
use rcgen::CertifiedKey;
use tempfile::TempDir;
use tokio::net::UnixStream;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{ServerConfig, crypto};

use crate::harness::samples::Samples;
use crate::harness::{Daemon, PASSWORD, QUICK, http, spec};

const EXAMPLE: &str = "docs/examples/office";

/// The fingerprint that the example pins first.
const PINNED: &str = "4a6f0c1de8b2573f9c04a1b7d35e862f0b9d47c3e15a7688f2c6d0943b1e5a7c";

/// The secrets of the example, and what is in them here.
const SECRETS: [(&str, &str); 5] = [
    ("hq", "of hq"),
    ("lyon", "of lyon"),
    ("lyon-admin", "of the operator"),
    ("depot", "old of depot"),
    ("depot-new", "new of depot"),
];

/// The secrets as files that nobody else may read.
fn write_secrets(directory: &Path) {
    let secrets = directory.join("secrets");
    fs::create_dir(&secrets).expect("made");
    for (name, password) in SECRETS {
        write_secret(&secrets.join(name), password);
    }
}

fn write_secret(path: &Path, password: &str) {
    fs::write(path, format!("{password}\n")).expect("written");
    fs::set_permissions(path, Permissions::from_mode(0o600)).expect("a mode");
}

fn example(name: &str) -> String {
    fs::read_to_string(Path::new(EXAMPLE).join(name)).expect("the example is there")
}

fn loaded(directory: &Path) -> Config {
    let path = directory.join("config.yaml");
    load(&path, &Environment::default(), Secrets::Read).unwrap_or_else(|faults| panic!("{faults}"))
}

#[test]
fn the_office_needs_less_than_40_lines_beside_its_list_and_is_clean() {
    let directory = tempfile::tempdir().expect("a directory");
    write_secrets(directory.path());
    let config = example("config.yaml");
    fs::write(directory.path().join("config.yaml"), &config).expect("written");
    fs::write(directory.path().join("phones.csv"), example("phones.csv")).expect("written");
    assert!(config.lines().count() < 40, "{}", config.lines().count());

    let config = loaded(directory.path());
    assert_eq!(config.warnings, [""; 0]);
    assert_eq!((config.phones.len(), config.disabled.len()), (180, 0));
    let mut sites: BTreeMap<&str, usize> = BTreeMap::new();
    for phone in &config.phones {
        *sites
            .entry(phone.place.site.as_deref().expect("a site"))
            .or_default() += 1;
        assert!(phone.place.mac.is_some(), "{}", phone.place.name);
    }
    assert_eq!(
        sites,
        BTreeMap::from([("depot", 30), ("hq", 100), ("lyon", 50)])
    );

    let ended = crate::process::program()
        .args(["check-config", "--without-secrets"])
        .arg(Path::new(EXAMPLE).join("config.yaml"))
        .output()
        .expect("it runs");
    assert!(ended.status.success());
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
}

/// One certificate for all phones of a site, and the fingerprint that an administrator writes down.
fn certificate() -> (Arc<ServerConfig>, String) {
    let CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["*.voice.example.org".to_owned()]).expect("made");
    let certificate: CertificateDer<'static> = cert.der().clone();
    let digest = ring::digest::digest(&ring::digest::SHA256, &certificate);
    let digits: Vec<_> = digest
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
    let provider = Arc::new(crypto::ring::default_provider());
    let tls = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key.into())
        .expect("a certificate");
    (Arc::new(tls), digits.concat())
}

/// The phone that a row of the example describes; of the depot every second has the new password.
fn described(position: usize, row: &[&str]) -> Spec {
    let [name, _, mac, group, ..] = row else {
        panic!("a row of the example: {row:?}");
    };
    let password = |name: &str| {
        let found = SECRETS.iter().find(|(known, _)| *known == name);
        found.expect("a secret").1
    };
    let mut phone = Spec {
        name: (*name).to_owned(),
        mac: mac.replace(':', "").to_uppercase(),
        admin: User::new("gmiadmin", "nobody knows"),
        ..Spec::default()
    };
    match *group {
        "hq" => phone.admin = User::new("gmiadmin", password("hq")),
        "lyon" => phone.user = User::new("user", password("lyon")),
        "depot" | "handsets" => {
            let secret = ["depot", "depot-new"][position % 2];
            phone.admin = User::new("gmiadmin", password(secret));
        }
        other => panic!("no such group: {other}"),
    }
    if *group == "handsets" {
        phone.model = "WP820".to_owned();
        phone.firmware = "1.0.11.6".to_owned();
    }
    phone
}

/// Starts the phones of these rows, and writes where each of them listens into its row.
async fn start(rows: &[Vec<&str>], tls: Option<Arc<ServerConfig>>) -> (sim::Fleet, Vec<String>) {
    let specs = rows
        .iter()
        .enumerate()
        .map(|(position, row)| described(position, row));
    let layout = Layout::Ports { base: 0 };
    let fleet = sim::Fleet::start_with(specs.collect(), layout, tls)
        .await
        .expect("a fleet");
    let lines = rows.iter().zip(fleet.addresses()).map(|(row, address)| {
        let address = address.to_string();
        let mut cells = row.clone();
        cells[1] = &address;
        cells.join(",")
    });
    let lines = lines.collect();
    (fleet, lines)
}

#[tokio::test]
async fn every_phone_of_the_office_is_up() {
    let list = example("phones.csv");
    let mut lines = list.lines().skip_while(|line| line.starts_with('#'));
    let header = lines.next().expect("a header");
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    let (secure, plain): (Vec<_>, Vec<_>) = rows
        .into_iter()
        .partition(|row| row.get(3) == Some(&"lyon"));
    let (tls, fingerprint) = certificate();
    let (lyon, mut phones) = start(&secure, Some(tls)).await;
    let (others, more) = start(&plain, None).await;
    phones.extend(more);

    let directory = tempfile::tempdir().expect("a directory");
    write_secrets(directory.path());
    let list = format!("{header}\n{}\n", phones.join("\n"));
    fs::write(directory.path().join("phones.csv"), list).expect("written");
    let config = example("config.yaml");
    assert!(config.contains(PINNED));
    let config = config.replace(PINNED, &fingerprint) + &QUICK.replace("200ms", "10s");
    fs::write(directory.path().join("config.yaml"), config).expect("written");

    let daemon = Daemon::start_in(directory).await;
    let samples = daemon
        .wait_for("180 phones up", |samples| up(samples) == 180)
        .await;
    for phone in lyon.phones().iter().chain(others.phones()) {
        assert!(
            phone.refusals() <= 1,
            "{}: {}",
            phone.name(),
            phone.refusals()
        );
        assert!(!phone.is_locked(), "{}", phone.name());
    }
    let series = |name, labels: &[(&str, &str)]| samples.all(name, labels).len();
    assert_eq!(
        series("grandstream_up", &[("site", "lyon"), ("country", "fr")]),
        50
    );
    assert_eq!(
        series("grandstream_up", &[("site", "hq"), ("floor", "5")]),
        20
    );
    assert_eq!(samples.count("grandstream_pvalue_matches", 1.0), 180);
    let second = samples.count("grandstream_login_candidate", 2.0);
    assert_eq!(second, 15, "who still has the old password shows");
    daemon.stop().await.1.expect("a clean end");
}

/// How many phones are up.
fn up(samples: &Samples) -> usize {
    samples.count("grandstream_up", 1.0)
}

#[tokio::test]
async fn two_phones_that_swap_addresses_are_never_taken_for_each_other() {
    let phone = |mac: &str, server: &str| {
        let mut accounts = sim::spec::accounts(1);
        accounts[0].server = server.to_owned();
        Spec {
            mac: mac.to_owned(),
            accounts,
            ..spec(Behaviour::default())
        }
    };
    let a = sim::Phone::start(phone("000B82000001", "a.example.org")).await;
    let b = sim::Phone::start(phone("000B82000002", "b.example.org")).await;
    let config = format!(
        "{QUICK}
defaults: {{ password: '{PASSWORD}', site: hq }}
phones:
  - {{ name: a, address: '{}', mac: '00:0b:82:00:00:01' }}
  - {{ name: b, address: '{}', mac: '00:0b:82:00:00:02' }}
",
        a.address(),
        b.address()
    );
    let daemon = Daemon::start(&config).await;
    // Holds on every page that is looked at, whatever is waited for.
    let up_and_never_mistaken = |samples: &Samples| {
        for (phone, server) in [("a", "a.example.org"), ("b", "b.example.org")] {
            for sample in samples.all("grandstream_account_info", &[("phone", phone)]) {
                assert_eq!(sample.labels["server"], server, "published as {phone}");
            }
        }
        up(samples)
    };
    daemon
        .wait_for("both up", |samples| up_and_never_mistaken(samples) == 2)
        .await;

    let swap = || a.change(|a| b.change(|b| std::mem::swap(a, b)));
    swap();
    let identity = [("reason", "identity")];
    let mistaken = |samples: &Samples| samples.all("grandstream_poll_error", &identity).len();
    let samples = daemon
        .wait_for("reason identity of both", |samples| {
            up_and_never_mistaken(samples) == 0 && mistaken(samples) == 2
        })
        .await;
    let polls = |samples: &Samples| -> f64 {
        let all = samples.all("grandstream_polls_total", &[]);
        all.iter().map(|sample| sample.value).sum()
    };
    let before = polls(&samples);
    daemon
        .wait_for("ten more polls", |samples| {
            assert_eq!(up_and_never_mistaken(samples), 0);
            polls(samples) >= before + 10.0
        })
        .await;

    swap();
    let samples = daemon
        .wait_for("both up again", |samples| {
            up_and_never_mistaken(samples) == 2
        })
        .await;
    assert_eq!(mistaken(&samples), 0);
    assert_eq!(
        a.refusals() + b.refusals(),
        0,
        "no password went to the other phone"
    );
}

/// How many phones the password is changed on.
const PHONES: usize = 60;

/// How many of them are changed at a time.
const WAVE: usize = 12;

/// A configuration of the fleet whose password stands in these files, the first being tried first.
fn rollout(fleet: &sim::Fleet, files: &str) -> String {
    let quick = QUICK.replace(
        "200ms, values_interval: 200ms",
        "500ms, values_interval: 1h",
    );
    let mut config = format!(
        "{quick}
credentials: {{ office: {{ password_files: {files} }} }}
defaults: {{ credential: office }}
phones:
"
    );
    for (n, address) in fleet.addresses().into_iter().enumerate() {
        writeln!(config, "  - {{ name: p{n}, address: '{address}' }}").expect("written");
    }
    config
}

/// Hands the daemon another configuration, as an administrator would beside it.
async fn reconfigure(daemon: &Daemon, config: &str) {
    fs::write(daemon.path().join("config.yaml"), config).expect("written");
    let control = UnixStream::connect(daemon.path().join("control.sock"));
    let answer = http::exchange(control.await.expect("connected"), "POST", "/-/reload", "").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// Waits until each of these phones is up with a session that was opened after so many had ended.
/// A session that ends within the poll that opened it would count as thrown out by somebody else.
async fn are_back(daemon: &Daemon, phones: &[&sim::Phone], ended: &[f64]) {
    let is_back = |samples: &Samples, phone: &sim::Phone, ended: f64| {
        let value = |name| samples.value(name, &[("phone", phone.name())]);
        value("grandstream_up") == Some(1.0)
            && value("grandstream_sessions_expired_total") == Some(ended)
    };
    daemon
        .wait_for("phones with a new session", |samples| {
            let mut phones = phones.iter().zip(ended);
            phones.all(|(phone, ended)| is_back(samples, phone, *ended))
        })
        .await;
}

fn secrets_of(passwords: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, password) in passwords {
        write_secret(&directory.path().join(name), password);
    }
    directory
}

#[tokio::test]
async fn a_password_changes_on_60_phones_in_any_order_while_the_daemon_runs() {
    let specs = (0..PHONES).map(|n| Spec {
        name: format!("p{n}"),
        admin: User::new("gmiadmin", "old"),
        ..Spec::default()
    });
    let fleet = sim::Fleet::start(specs.collect(), Layout::Ports { base: 0 })
        .await
        .expect("a fleet");
    let directory = secrets_of(&[("old", "old"), ("new", "new")]);
    let config = rollout(&fleet, "[old]");
    fs::write(directory.path().join("config.yaml"), config).expect("written");
    let daemon = Daemon::start_in(directory).await;
    daemon
        .wait_for("all up", |samples| up(samples) == PHONES)
        .await;

    reconfigure(&daemon, &rollout(&fleet, "[new, old]")).await;
    let mut order: Vec<&sim::Phone> = fleet.phones().iter().collect();
    // Any order that is not that of the list; the same in each run.
    order.sort_by_key(|phone| place::spread(phone.name()));
    for wave in order.chunks(WAVE) {
        // Half of them lose their session before their turn, and are asked for the old password.
        let (early, late) = wave.split_at(WAVE / 2);
        for phone in early {
            phone.change(sim::State::end_sessions);
        }
        are_back(&daemon, early, &[1.0; WAVE / 2]).await;
        for phone in wave {
            phone.change(|state| {
                state.admin.password = "new".to_owned();
                state.end_sessions();
            });
        }
        are_back(&daemon, early, &[2.0; WAVE / 2]).await;
        are_back(&daemon, late, &[1.0; WAVE / 2]).await;
    }
    let samples = daemon
        .wait_for("all up", |samples| up(samples) == PHONES)
        .await;
    let first = samples.count("grandstream_login_candidate", 1.0);
    assert_eq!(first, PHONES, "all have the new one");

    reconfigure(&daemon, &rollout(&fleet, "[new]")).await;
    for phone in &order {
        phone.change(sim::State::end_sessions);
    }
    let early = |n: usize| n % WAVE < WAVE / 2;
    let ended: Vec<_> = (0..PHONES)
        .map(|n| if early(n) { 3.0 } else { 2.0 })
        .collect();
    are_back(&daemon, &order, &ended).await;
    for phone in &order {
        assert!(!phone.is_locked(), "{}", phone.name());
        // The new password before its turn, and the old one after it.
        assert!(
            phone.refusals() <= 2,
            "{}: {}",
            phone.name(),
            phone.refusals()
        );
    }
}

#[tokio::test]
async fn one_phone_with_a_password_of_its_own_does_not_stop_the_change_of_the_others() {
    let specs = (0..5).map(|n| Spec {
        name: format!("p{n}"),
        admin: User::new("gmiadmin", "old"),
        ..Spec::default()
    });
    let fleet = sim::Fleet::start(specs.collect(), Layout::Ports { base: 0 })
        .await
        .expect("a fleet");
    let directory = secrets_of(&[("old", "old"), ("new", "new")]);
    let config = rollout(&fleet, "[old]");
    fs::write(directory.path().join("config.yaml"), config).expect("written");
    let daemon = Daemon::start_in(directory).await;
    daemon.wait_for("all up", |samples| up(samples) == 5).await;

    reconfigure(&daemon, &rollout(&fleet, "[new]")).await;
    let change = |phone: &sim::Phone, password: &str| {
        phone.change(|state| {
            state.admin.password = password.to_owned();
            state.end_sessions();
        });
    };
    let (strange, others) = fleet.phones().split_first().expect("phones");
    change(strange, "strange");
    let p0 = [("phone", "p0")];
    let samples = daemon.wait("grandstream_login_blocked", &p0, 1.0).await;
    let polls = samples.value("grandstream_polls_total", &p0);
    daemon
        .wait_for(
            "more polls of that phone than there are canaries",
            |samples| {
                samples.value("grandstream_polls_total", &p0) >= polls.map(|polls| polls + 5.0)
            },
        )
        .await;
    for phone in others {
        change(phone, "new");
    }
    let others: Vec<_> = others.iter().collect();
    are_back(&daemon, &others, &[1.0; 4]).await;
    assert_eq!(strange.refusals(), 1);
}
