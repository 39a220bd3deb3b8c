//! `discover` through the real program, in the net of a simulated fleet.

use std::path::Path;
use std::process::Command;

use grandstream_exporter::sim::{self, Behaviour, Endpoint, Fault, Layout};

use crate::harness::spec;

/// A fleet on 127.0.0.1 to 127.0.0.5 of one port: two phones, one that tells nothing without a
/// login, one that is dead, one without a hardware address.
async fn fleet() -> sim::Fleet {
    let phone = |n: u8| sim::Spec {
        mac: format!("000B8200000{n}"),
        ..spec(Behaviour::default())
    };
    let mut specs: Vec<_> = (1..=5).map(phone).collect();
    "GXV3380".clone_into(&mut specs[1].model);
    specs[2].behaviour.values.open.clear();
    specs[3].fault = Some(Fault::Refuse);
    specs[4].behaviour.values.open.remove("67");
    let fleet = sim::Fleet::start(specs, Layout::ByAddress { port: 0 }).await;
    fleet.expect("loopback has a free port")
}

async fn discover(
    fleet: &sim::Fleet,
    directory: &Path,
    arguments: &[&str],
) -> (i32, String, String) {
    let port = fleet.phone(0).address().port().to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_grandstream-exporter"));
    command.env_remove("RUST_LOG").current_dir(directory);
    command.args([
        "discover",
        "--port",
        &port,
        "--scheme",
        "http",
        "--rate",
        "1000",
        "--timeout",
        "20s",
    ]);
    command.args(arguments);
    let ended = tokio::task::spawn_blocking(move || command.output().expect("it runs"));
    let ended = ended.await.expect("no panic");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    let code = ended.status.code().expect("it was not killed");
    (code, text(ended.stdout), text(ended.stderr))
}

#[tokio::test]
async fn phones_are_found_listed_and_never_logged_in_to() {
    let fleet = fleet().await;
    let directory = tempfile::tempdir().expect("a directory");
    let net = "127.0.0.0/29";
    let (code, list, shown) = discover(&fleet, directory.path(), &[net]).await;
    assert_eq!(code, 0, "{shown}");
    let port = fleet.phone(0).address().port();
    assert_eq!(
        list,
        format!(
            "# Found by `discover`; add this file to `phone_files`.\n\
             phones:\n  \
             - {{ name: 'gxv3370-000b82000001', address: '127.0.0.1:{port}', mac: '000b82000001' }}\n  \
             - {{ name: 'gxv3380-000b82000002', address: '127.0.0.2:{port}', mac: '000b82000002' }}\n  \
             - {{ name: 'gxv3370-127.0.0.5-{port}', address: '127.0.0.5:{port}' }}\n"
        )
    );
    assert!(shown.contains("3 phones found"), "{shown}");
    for phone in fleet.phones() {
        for request in phone.requests() {
            assert_eq!(
                request.endpoint,
                Some(Endpoint::Values),
                "{}",
                request.target
            );
        }
        assert_eq!(phone.logins() + phone.refusals(), 0);
    }

    // The list is one that a configuration takes as it is.
    std::fs::write(directory.path().join("found.yaml"), &list).expect("written");
    let config = directory.path().join("config.yaml");
    let text = "defaults: { password: x }\nphone_files: [found.yaml]\n";
    std::fs::write(&config, text).expect("written");
    let checked = Command::new(env!("CARGO_BIN_EXE_grandstream-exporter"))
        .arg("check-config")
        .arg(&config)
        .output()
        .expect("it runs");
    assert!(
        checked.status.success(),
        "{}",
        String::from_utf8_lossy(&checked.stderr)
    );
}

#[tokio::test]
async fn an_older_list_is_compared_and_only_new_phones_are_written() {
    let fleet = fleet().await;
    let directory = tempfile::tempdir().expect("a directory");
    let csv = "name,address,mac\nstays,127.0.0.1,000b82000001\nmoved,127.0.0.6,000b82000002\n\
               gone,127.0.0.4,000b82000004\n";
    std::fs::write(directory.path().join("old.csv"), csv).expect("written");
    let arguments = [
        "127.0.0.0/29",
        "--update",
        "old.csv",
        "--output",
        "new.yaml",
    ];
    let (code, _, shown) = discover(&fleet, directory.path(), &arguments).await;
    assert_eq!(code, 0, "{shown}");
    let changes: Vec<Vec<&str>> = shown
        .lines()
        .skip_while(|line| !line.starts_with("CHANGE"))
        .skip(1)
        .map(|line| line.split_whitespace().take(2).collect())
        .collect();
    let port = fleet.phone(0).address().port();
    let new = format!("gxv3370-127.0.0.5-{port}");
    assert_eq!(
        changes,
        [["moved", "moved"], ["gone", "gone"], ["new", &*new]]
    );
    let list = std::fs::read_to_string(directory.path().join("new.yaml")).expect("written");
    assert_eq!(list.matches("name:").count(), 1, "{list}");

    let (code, _, shown) = discover(&fleet, directory.path(), &arguments).await;
    assert_eq!(code, 1, "a file that is there is not overwritten: {shown}");
    let (_, json, _) = discover(&fleet, directory.path(), &["127.0.0.0/30", "--json"]).await;
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["phones"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn large_nets_and_wrong_lists_end_with_2_before_anything_is_asked() {
    let fleet = fleet().await;
    let directory = tempfile::tempdir().expect("a directory");
    for arguments in [
        &["127.0.0.0/15"][..],
        &["127.0.0.0/33"],
        &["localhost"],
        &["127.0.0.0/29", "--update", "none.yaml"],
        &[],
    ] {
        let (code, _, shown) = discover(&fleet, directory.path(), arguments).await;
        assert_eq!(code, 2, "{arguments:?}: {shown}");
    }
    assert!(
        fleet
            .phones()
            .iter()
            .all(|phone| phone.requests().is_empty())
    );
}
