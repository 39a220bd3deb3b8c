//! The first hour with a fleet: what is wrong with how many phones, who is weak, and what Prometheus
//! needs to know.

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Output;

use grandstream_exporter::fleet::Reason;
use grandstream_exporter::sim::{self, Behaviour};
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::certificates::Authority;
use crate::harness::{PASSWORD, QUICK, spec};
use crate::listener::MUTUAL;
use crate::process::program;

/// Three healthy phones, one of which has the default password, one that refuses the password, one
/// that refuses connections, a portable one that is away.
struct Fleet {
    phones: Vec<sim::Phone>,
    directory: TempDir,
}

impl Fleet {
    async fn start() -> Self {
        let mut phones = Vec::new();
        for n in 0..4 {
            let phone = sim::Phone::start(spec(Behaviour::default())).await;
            phone.change(|state| match n {
                2 => state.admin.password = "admin".to_owned(),
                3 => state.admin.password = "another".to_owned(),
                _ => {}
            });
            phones.push(phone);
        }
        let addresses: Vec<_> = phones.iter().map(sim::Phone::address).collect();
        let mut config = format!("{QUICK}\ndefaults: {{ password: '{PASSWORD}' }}\nphones:\n");
        for (n, address) in addresses
            .into_iter()
            .chain([closed(), closed()])
            .enumerate()
        {
            let more = match n {
                0 | 3 => "site: hq",
                2 => "site: lyon, password: admin",
                5 => "portable: true",
                _ => "site: lyon",
            };
            writeln!(config, "  - {{ name: p{n}, address: '{address}', {more} }}").expect("text");
        }
        let directory = tempfile::tempdir().expect("a directory");
        std::fs::write(directory.path().join("config.yaml"), config).expect("written");
        Self { phones, directory }
    }

    async fn probe(&self, arguments: &'static [&'static str]) -> (Output, String) {
        let config = self.directory.path().join("config.yaml");
        let ended = tokio::task::spawn_blocking(move || {
            let mut command = program();
            command
                .arg("probe")
                .args(arguments)
                .arg("--config")
                .arg(config);
            command.output().expect("it runs")
        });
        let ended = ended.await.expect("no panic");
        let text = String::from_utf8_lossy(&ended.stdout).into_owned();
        (ended, text)
    }
}

/// An address on which nothing listens.
fn closed() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
}

#[tokio::test]
async fn probe_all_counts_by_site_and_reason_with_each_mend_and_never_locks_a_phone() {
    let fleet = Fleet::start().await;
    for _ in 0..4 {
        let (ended, text) = fleet.probe(&["--all", "--problems"]).await;
        assert_eq!(ended.status.code(), Some(1), "{ended:?}");
        let auth = format!("       1  hq auth: {}", Reason::Auth.mend());
        let refused = format!("       1  lyon refused: {}", Reason::Refused.mend());
        for line in [
            "3 of 6 phones up",
            &auth,
            &refused,
            "1 of the phones that are down are portable and may be away",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
        for phone in ["p3: auth: ", "p4: refused: "] {
            assert_eq!(text.matches(phone).count(), 1, "{phone} in\n{text}");
        }
    }
    for phone in &fleet.phones {
        assert!(phone.refusals() <= 2, "{} refusals", phone.refusals());
    }
}

#[tokio::test]
async fn an_audit_tells_weak_phones_and_those_it_could_not_look_at() {
    let fleet = Fleet::start().await;
    let (_, text) = fleet.probe(&["--all", "--posture"]).await;
    for line in [
        "       6  plain_http: ",
        "       0  tls_unverified: none",
        "       1  default_password: ",
        "       3  default_password: unknown",
        "p1: plain_http",
        "p2: plain_http, default_password",
        "p3: plain_http, default_password unknown",
    ] {
        assert!(text.contains(&format!("\n{line}")), "{line} in\n{text}");
    }
}

#[tokio::test]
async fn an_audit_is_told_to_programs_too() {
    let fleet = Fleet::start().await;
    let (ended, text) = fleet.probe(&["--all", "--posture", "--json"]).await;
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(!text.contains(PASSWORD));
    let answer: Value = serde_json::from_str(&text).expect("JSON");
    let phones = answer["phones"].as_array().expect("a list");
    let told: Vec<_> = phones
        .iter()
        .map(|phone| {
            let reason = phone["failures"][0]["reason"].as_str();
            (
                phone["up"] == true,
                reason,
                phone["posture"]["default_password"].as_bool(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (true, None, Some(false)),
            (true, None, Some(false)),
            (true, None, Some(true)),
            (false, Some("auth"), None),
            (false, Some("refused"), None),
            (false, Some("refused"), None),
        ]
    );
}

#[tokio::test]
async fn a_fleet_without_trouble_ends_well_and_its_plain_http_is_trouble_for_an_audit_only() {
    let phone = sim::Phone::start(spec(Behaviour::default())).await;
    let directory = tempfile::tempdir().expect("a directory");
    let config = crate::harness::config_for(&[&phone]);
    std::fs::write(directory.path().join("config.yaml"), config).expect("written");
    let fleet = Fleet {
        phones: vec![phone],
        directory,
    };
    let (ended, text) = fleet.probe(&["--all"]).await;
    assert_eq!(ended.status.code(), Some(0), "{text}");
    let (ended, text) = fleet.probe(&["--all", "--posture"]).await;
    assert_eq!(ended.status.code(), Some(1), "{text}");
}

/// What `prometheus-config` prints for this configuration, after promtool has read it.
fn prometheus_config(directory: &Path, config: &str, arguments: &[&str]) -> String {
    let file = directory.join("config.yaml");
    std::fs::write(&file, config).expect("written");
    let ended = program()
        .arg("prometheus-config")
        .args(arguments)
        .arg("--config")
        .arg(&file)
        .output()
        .expect("it runs");
    assert!(ended.status.success(), "{ended:?}");
    let text = String::from_utf8(ended.stdout).expect("text");
    let written = directory.join("prometheus.yml");
    std::fs::write(&written, &text).expect("written");
    let checked = std::process::Command::new("promtool")
        .args(["check", "config", "--syntax-only"])
        .arg(&written)
        .output()
        .expect("promtool; scripts/test-tools installs it");
    assert!(checked.status.success(), "{checked:?}\n{text}");
    text
}

#[test]
fn prometheus_is_told_port_interval_and_rules_that_fit() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = "
listen: ['192.0.2.9:15099']
poll: { interval: 1m }
phones:
  - { name: a, address: 192.0.2.1, password: x }
  - { name: b, address: 192.0.2.2, password: x, poll: { interval: 1500ms } }
";
    let text = prometheus_config(directory.path(), config, &[]);
    for part in [
        "scrape_interval: 1500ms\n    scrape_timeout: 1500ms\n",
        "targets: [\"192.0.2.9:15099\"]",
        "/usr/share/grandstream-exporter/prometheus/alerts.yml",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    assert!(
        !text.contains("https") && !text.contains("basic_auth"),
        "{text}"
    );
}

#[test]
fn prometheus_is_told_what_the_listener_demands_of_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let ca = Authority::new(directory.path(), "ca");
    ca.server();
    let web = format!(
        "{MUTUAL}basic_auth_users: {{ prometheus: {} }}\n",
        bcrypt::hash("password", 4).expect("a hash")
    );
    std::fs::write(directory.path().join("web.yaml"), web).expect("written");
    let config = "web_config_file: web.yaml\nphones: []\n";
    let arguments = ["--target", "exporter.example:443", "--per-phone"];
    let text = prometheus_config(directory.path(), config, &arguments);
    for part in [
        "    scheme: https\n",
        "ca_file: ",
        "key_file: ",
        "username: \"prometheus\"",
        "url: \"https://exporter.example:443/sd\"",
        "source_labels: [__param_target]",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
}
