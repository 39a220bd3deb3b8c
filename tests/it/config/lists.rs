//! Lists of phones in files of their own; shards; phones that are not enabled.

use std::collections::BTreeSet;

use super::{Home, passwords, phone};

#[test]
fn lists_tables_and_targets_describe_the_same_phones() {
    let home = Home::new(
        r#"
defaults: { password: of-all }
groups: { lyon: { portable: true } }
phones: [ { name: first, address: 192.0.2.1 } ]
phone_files: ["phones.d/*.yaml", table.csv, targets.json, wrapped.yml]
"#,
    )
    .with("phones.d/20.yaml", "- { name: twenty, address: 192.0.2.20, labels: { floor: \"2\" } }\n")
    .with("phones.d/10.yaml", "- { name: ten, address: 192.0.2.10 }\n")
    .with("phones.d/.#20.yaml", "an editor's lock\n")
    .with("wrapped.yml", "phones:\n  - { name: wrapped, address: \"[2001:db8::1]:8080\" }\n")
    .with(
        "table.csv",
        "\u{FEFF}# from the inventory\n\
         name, address, mac, group, site, enabled, label.floor, poll.interval, password\n\
         101,192.0.2.101,00:0B:82:00:01:01,lyon,lyon,true,1,1m,own\n\
         \"hall, west\",192.0.2.102,,,,,,,\n\
         closed,192.0.2.103,,,,false,,,\n",
    )
    .with(
        "targets.json",
        r#"[
	{"targets": ["192.0.2.201:8080", "192.0.2.202"], "labels": {"site": "lyon", "__meta_rack": "7", "floor": "3"}},
	{"targets": ["192.0.2.203"], "labels": {"phone": "lobby"}},
	{"targets": ["192.0.2.204"]}
]"#,
    );
    let config = home.load().unwrap_or_else(|faults| panic!("{faults}"));
    let names: Vec<&str> = config
        .phones
        .iter()
        .map(|phone| &*phone.place.name)
        .collect();
    let expected = [
        "first",
        "ten",
        "twenty",
        "101",
        "hall, west",
        "192.0.2.201:8080",
        "192.0.2.202",
        "lobby",
        "192.0.2.204",
        "wrapped",
    ];
    assert_eq!(names, expected);
    assert_eq!(config.disabled, ["closed".into()]);

    let row = phone(&config, "101");
    assert_eq!(row.place.mac.as_deref(), Some("000b82000101"));
    assert_eq!(row.place.site.as_deref(), Some("lyon"));
    assert_eq!(*row.place.labels, [("floor".into(), "1".into())]);
    assert_eq!(row.place.interval.as_secs(), 60);
    assert!(row.place.portable);
    assert_eq!(passwords(row), ["own"]);

    let target = phone(&config, "192.0.2.201:8080");
    assert_eq!((&*target.host, target.port), ("192.0.2.201", 8080));
    assert_eq!(target.place.site.as_deref(), Some("lyon"));
    assert_eq!(*target.place.labels, [("floor".into(), "3".into())]);
    assert_eq!(&*phone(&config, "lobby").host, "192.0.2.203");

    let wrapped = phone(&config, "wrapped");
    assert_eq!((&*wrapped.host, wrapped.port), ("2001:db8::1", 8080));
    assert_eq!(&*wrapped.place.address, "[2001:db8::1]:8080");
}

#[test]
fn a_file_that_two_patterns_match_is_read_once() {
    let home = Home::new("phone_files: [a.yaml, \"*.yaml\", \"?.yaml\"]\nphones: []\n").with(
        "a.yaml",
        "- { name: a, address: 192.0.2.1, password: test }\n",
    );
    // `*.yaml` matches the configuration too, which is no list of phones.
    let faults = home.load().unwrap_err().to_string();
    assert_eq!(faults.lines().count(), 1, "{faults}");
    home.write("config.yaml", "phone_files: [a.yaml, \"?.yaml\"]\n");
    assert_eq!(home.load().unwrap().phones.len(), 1);
}

#[test]
fn shards_share_the_list_without_overlap_and_every_fault_is_told_by_all() {
    let phone = |n: u32| {
        let enabled = !n.is_multiple_of(10);
        format!("- {{ name: phone-{n}, address: 192.0.2.{n}, enabled: {enabled} }}\n")
    };
    let list = (0..100).map(phone).collect::<Vec<_>>().concat();
    let mut seen = BTreeSet::new();
    for index in 0..3 {
        let home = Home::new(&format!(
            "shard: {{ index: {index}, count: 3 }}\ndefaults: {{ password: test }}\nphone_files: [list.yaml]\n"
        ))
        .with("list.yaml", &list);
        let config = home.load().unwrap_or_else(|faults| panic!("{faults}"));
        let names = config.phones.iter().map(|phone| phone.place.name.clone());
        for name in names.chain(config.disabled) {
            assert!(seen.insert(name.clone()), "{name} is in two shards");
        }
        home.write(
            "list.yaml",
            &format!("{list}- {{ name: phone-1, address: 192.0.2.200 }}\n"),
        );
        assert!(
            home.load().is_err(),
            "shard {index} misses a duplicate name"
        );
    }
    assert_eq!(seen.len(), 100);
}
