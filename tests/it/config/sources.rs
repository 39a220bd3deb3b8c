//! What is watched, and that every change of it shows.

use std::fs;

use grandstream_exporter::config::{Secrets, signature};

use super::Home;

fn home() -> Home {
    Home::new(
        r#"
web_config_file: web.yaml
credentials:
  hq: { password_file: secret, operator: { password_file: never-opened } }
defaults: { credential: hq }
phones: [ { name: a, address: 192.0.2.1 } ]
phone_files: ["phones.d/*.yaml"]
"#,
    )
    .with("web.yaml", "")
    .with("secret", "test\n")
    .with("phones.d/b.yaml", "- { name: b, address: 192.0.2.2 }\n")
}

#[test]
fn every_file_that_was_read_is_a_source() {
    let home = home();
    let config = home.load().unwrap_or_else(|faults| panic!("{faults}"));
    let sources: Vec<String> = config
        .sources
        .iter()
        .map(|p| p.display().to_string())
        .collect();
    let expected = [
        "config.yaml",
        "phones.d/*.yaml",
        "phones.d/b.yaml",
        "secret",
        "web.yaml",
    ];
    assert_eq!(home.told(&sources), expected);
}

#[test]
fn a_file_that_changes_comes_or_goes_changes_the_signature_and_nothing_else_does() {
    let home = home();
    let sources = home
        .load()
        .unwrap_or_else(|faults| panic!("{faults}"))
        .sources;
    let mut before = signature(&sources);
    assert_eq!(before, signature(&sources));
    home.write("unrelated", "");
    assert_eq!(before, signature(&sources));

    let changes: [(&str, &dyn Fn()); 5] = [
        ("grows", &|| home.write("secret", "longer\n")),
        ("is replaced by one of the same size", &|| {
            home.write("new", "shorts\n");
            fs::rename(home.path("new"), home.path("secret")).unwrap();
        }),
        ("comes", &|| home.write("phones.d/c.yaml", "[]")),
        ("goes", &|| {
            fs::remove_file(home.path("phones.d/b.yaml")).unwrap();
        }),
        ("goes that was named", &|| {
            fs::remove_file(home.path("web.yaml")).unwrap();
        }),
    ];
    for (what, change) in changes {
        change();
        let after = signature(&sources);
        assert_ne!(before, after, "a file {what}");
        before = after;
    }
}

#[test]
fn a_directory_with_wildcards_in_its_name_is_taken_by_its_name() {
    let home = Home::new("")
        .with("odd [a]*/config.yaml", "phone_files: [\"p*.yaml\"]\n")
        .with(
            "odd [a]*/phones.yaml",
            "- { name: a, address: 192.0.2.1, password: test }\n",
        );
    let path = home.path("odd [a]*/config.yaml");
    let environment = super::environment(&[]);
    let load = || grandstream_exporter::config::load(&path, &environment, Secrets::Read);
    let config = load().unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(config.phones.len(), 1);
    let before = signature(&config.sources);
    home.write("odd [a]*/p2.yaml", "[]");
    assert_ne!(before, signature(&config.sources));
}
