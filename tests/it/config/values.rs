//! P-values: which are asked for, in which order, and what is expected of them.

use std::sync::Arc;

use grandstream_exporter::config::{PublishedValue, ValueKind};
use grandstream_exporter::fleet::expect::{Expectation, Wanted};
use grandstream_exporter::fleet::reading::{BUILT_IN_VALUES, MAC_VALUES};

use super::{config, phone};

#[test]
fn a_phone_is_asked_for_built_in_then_published_then_expected_values_each_once() {
    let config = config(
        r#"
pvalues: [ { pvalue: P064 }, { pvalue: "68", as: number }, { pvalue: tp_fw_version, as: info } ]
defaults: { password: test }
phones:
  - { name: a, address: 192.0.2.1, expect: [ { pvalue: P30, any_of: [x] }, { pvalue: "64", any_of: [y] } ] }
  - { name: b, address: 192.0.2.2, mac: "000b82123456" }
  - { name: c, address: 192.0.2.3 }
  - { name: d, address: 192.0.2.4 }
"#,
    );
    let published = |pvalue: &str, kind| PublishedValue {
        pvalue: pvalue.into(),
        kind,
    };
    let expected = [
        published("64", ValueKind::Info),
        published("68", ValueKind::Number),
        published("tp_fw_version", ValueKind::Info),
    ];
    assert_eq!(*config.values, expected);

    let asked = |name| {
        phone(&config, name)
            .values
            .iter()
            .map(|v| &**v)
            .collect::<Vec<&str>>()
    };
    let common: Vec<&str> = BUILT_IN_VALUES
        .into_iter()
        .chain(["64", "tp_fw_version"])
        .collect();
    assert_eq!(asked("c"), common);
    assert_eq!(asked("a"), [&common[..], &["30"]].concat());
    assert_eq!(asked("b"), [&common[..], &MAC_VALUES].concat());
    assert!(Arc::ptr_eq(
        &phone(&config, "c").values,
        &phone(&config, "d").values
    ));
}

#[test]
fn publishing_hardware_addresses_asks_every_phone_for_them() {
    let config = config(
        "metrics: { mac_address: true }\nphones: [ { name: a, address: 192.0.2.1, password: test } ]\n",
    );
    let values = &phone(&config, "a").values;
    assert!(
        MAC_VALUES
            .iter()
            .all(|key| values.iter().any(|value| **value == **key))
    );
}

#[test]
fn expectations_are_read_as_written() {
    let config = config(
        r#"
phones:
  - name: a
    address: 192.0.2.1
    password: test
    expect:
      - { pvalue: P68, any_of: ["1.0.3.30", "1.0.3.31"] }
      - { pvalue: "68", model: WP820, at_least: "1.0.11.5" }
"#,
    );
    let expected = [
        Expectation {
            pvalue: "68".into(),
            model: None,
            wanted: Wanted::AnyOf(["1.0.3.30".into(), "1.0.3.31".into()].into()),
        },
        Expectation {
            pvalue: "68".into(),
            model: Some("WP820".into()),
            wanted: Wanted::AtLeast("1.0.11.5".into()),
        },
    ];
    assert_eq!(*phone(&config, "a").place.expect, expected);
}
