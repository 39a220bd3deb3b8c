//! Defaults, and who wins where a key is written more than once.

use std::sync::Arc;
use std::time::Duration;

use grandstream_exporter::config::{MaxInFlight, Metrics, Shard, effective};
use grandstream_exporter::fleet::guard::SecretFormat;
use grandstream_exporter::fleet::place::Scheme;

use super::{Home, config, environment, passwords, phone};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_phone_needs_only_name_address_and_password() {
    let config = config("phones: [ { name: a, address: 192.0.2.1, password: test } ]");
    assert_eq!(config.listen, ["[::]:15060".parse().unwrap()]);
    assert_eq!(config.state_dir, None);
    assert!(config.listener.tls.is_none() && config.listener.users.is_empty());
    assert_eq!(config.max_in_flight, MaxInFlight::Auto);
    assert_eq!(config.shard, Shard { index: 0, count: 1 });
    assert_eq!(config.metrics, Metrics::default());
    assert!(config.values.is_empty() && config.operators.is_empty());

    let [phone] = &*config.phones else {
        panic!("{} phones", config.phones.len());
    };
    assert_eq!((&*phone.host, phone.port), ("192.0.2.1", 80));
    assert_eq!(&*phone.credential.username, "gmiadmin");
    assert_eq!(passwords(phone), ["test"]);
    assert_eq!(phone.credential.format, None);
    assert_eq!(
        (phone.limits.timeout, phone.limits.connect_timeout),
        (15 * SECOND, 5 * SECOND)
    );
    assert_eq!(phone.limits.attempts, 2);
    assert!(phone.trust.is_none() && phone.operator.is_none());

    let place = &phone.place;
    assert_eq!((&*place.name, &*place.address), ("a", "192.0.2.1"));
    assert_eq!((place.scheme, place.tls_verified), (Scheme::Http, None));
    assert_eq!(
        (place.interval, place.stale_after),
        (30 * SECOND, 90 * SECOND)
    );
    assert_eq!(
        (place.values_interval, place.values_stale_after),
        (600 * SECOND, 1800 * SECOND)
    );
    assert!(!place.portable && place.time_zone.is_none() && place.site.is_none());
    assert!(place.mac.is_none() && place.labels.is_empty() && place.expect.is_empty());
}

/// Three phones that hear of a key from `defaults`, from their group too, and from themselves too.
fn layered(key: &str, [defaults, group, phone]: [&str; 3]) -> String {
    let login = if key == "password" {
        "username: u"
    } else {
        "password: test"
    };
    format!(
        "defaults: {{ {login}, {key}: {defaults} }}
groups: {{ g: {{ {key}: {group} }} }}
phones:
  - {{ name: plain, address: 192.0.2.1 }}
  - {{ name: grouped, address: 192.0.2.2, group: g }}
  - {{ name: own, address: 192.0.2.3, group: g, {key}: {phone} }}
"
    )
}

#[test]
fn the_group_beats_defaults_and_the_phone_beats_its_group() {
    let three = |text: &str, of: &dyn Fn(&grandstream_exporter::config::Phone) -> String| {
        let config = config(text);
        ["plain", "grouped", "own"].map(|name| of(phone(&config, name)))
    };
    let found = three(&layered("site", ["a", "b", "c"]), &|p| {
        p.place.site.as_deref().unwrap().into()
    });
    assert_eq!(found, ["a", "b", "c"]);
    let found = three(&layered("portable", ["true", "false", "true"]), &|p| {
        p.place.portable.to_string()
    });
    assert_eq!(found, ["true", "false", "true"]);
    let found = three(&layered("scheme", ["https", "http", "https"]), &|p| {
        p.port.to_string()
    });
    assert_eq!(found, ["443", "80", "443"]);
    let found = three(&layered("password", ["a", "b", "c"]), &|p| {
        passwords(p).concat()
    });
    assert_eq!(found, ["a", "b", "c"]);
    let found = three(&layered("username", ["a", "b", "c"]), &|p| {
        p.credential.username.to_string()
    });
    assert_eq!(found, ["a", "b", "c"]);
    let found = three(
        &layered("time_zone", ["UTC", "Europe/Paris", "Asia/Tokyo"]),
        &|p| {
            p.place
                .time_zone
                .as_ref()
                .unwrap()
                .iana_name()
                .unwrap()
                .to_owned()
        },
    );
    assert_eq!(found, ["UTC", "Europe/Paris", "Asia/Tokyo"]);
    let found = three(&layered("secret_format", ["dot", "colon", "auto"]), &|p| {
        format!("{:?}", p.credential.format)
    });
    let [dot, colon] = [SecretFormat::Dot, SecretFormat::Colon].map(|f| format!("{:?}", Some(f)));
    assert_eq!(found, [dot, colon, "None".to_owned()]);
    let expect = |value: &str| format!("[ {{ pvalue: \"68\", any_of: [\"{value}\"] }} ]");
    let lists = ["a", "b", "c"].map(expect);
    let found = three(
        &layered("expect", [&lists[0], &lists[1], &lists[2]]),
        &|p| format!("{:?}", p.place.expect),
    );
    for (list, value) in found.iter().zip(["a", "b", "c"]) {
        assert!(list.contains(&format!("AnyOf([{value:?}])")), "{list}");
    }
}

#[test]
fn sections_come_together_key_by_key() {
    let config = config(
        r#"
poll: { interval: 1m, timeout: 50s, connect_timeout: 3s }
defaults:
  password: test
  scheme: https
  poll: { timeout: 40s, attempts: 1 }
  labels: { floor: "0", country: fr }
  tls: { server_name: phone.example.org }
groups:
  g:
    poll: { values_interval: 1h }
    labels: { floor: "1", wing: west }
    tls: { insecure_skip_verify: true }
phones:
  - name: a
    address: 192.0.2.1
    group: g
    poll: { timeout: 30s, stale_after: 2m }
    labels: { wing: east }
"#,
    );
    let phone = phone(&config, "a");
    let place = &phone.place;
    assert_eq!(
        (place.interval, place.stale_after),
        (60 * SECOND, 120 * SECOND)
    );
    assert_eq!(
        (place.values_interval, place.values_stale_after),
        (3600 * SECOND, 10_800 * SECOND)
    );
    assert_eq!(phone.limits.timeout, 30 * SECOND);
    assert_eq!(phone.limits.connect_timeout, 3 * SECOND);
    assert_eq!(phone.limits.attempts, 1);
    let labels: Vec<_> = place.labels.iter().map(|(k, v)| (&**k, &**v)).collect();
    assert_eq!(
        labels,
        [("country", "fr"), ("floor", "1"), ("wing", "east")]
    );
    let trust = phone.trust.as_ref().unwrap();
    assert_eq!(trust.server_name.as_deref(), Some("phone.example.org"));
    assert_eq!(
        (trust.insecure_skip_verify, place.tls_verified),
        (true, Some(false))
    );
}

#[test]
fn the_nearest_word_on_logging_in_holds() {
    let config = config(
        r"
credentials:
  hq: { username: reader, password: of-hq }
  lyon: { password: of-lyon, operator: { username: admin, password_file: secrets/lyon } }
defaults: { credential: hq, group: paris }
groups: { lyon: { credential: lyon }, paris: {}, rome: { username: roma, password: of-rome } }
phones:
  - { name: by-default, address: 192.0.2.1 }
  - { name: by-group, address: 192.0.2.2, group: lyon }
  - { name: by-name, address: 192.0.2.3, group: rome, credential: hq }
  - { name: inline, address: 192.0.2.4, group: lyon, password: own }
  - { name: half, address: 192.0.2.5, group: rome, password: own }
",
    );
    let login = |name| {
        let phone = phone(&config, name);
        (&*phone.credential.username, passwords(phone).concat())
    };
    assert_eq!(login("by-default"), ("reader", "of-hq".to_owned()));
    assert_eq!(login("by-group"), ("gmiadmin", "of-lyon".to_owned()));
    assert_eq!(login("by-name"), ("reader", "of-hq".to_owned()));
    assert_eq!(login("inline"), ("gmiadmin", "own".to_owned()));
    assert_eq!(login("half"), ("roma", "own".to_owned()));
    let operator = phone(&config, "by-group").operator.as_ref().unwrap();
    assert_eq!(&*operator.username, "admin");
    assert!(operator.password_file.ends_with("secrets/lyon"));
    assert!(phone(&config, "by-default").operator.is_none());
}

#[test]
fn tls_of_a_farther_layer_does_not_bind_a_phone_that_chose_http() {
    let config = config(
        r"
defaults: { scheme: https, password: test, tls: { insecure_skip_verify: true } }
groups: { lyon: { tls: { server_name: phone.example.org } } }
phones:
  - { name: old, address: 192.0.2.1, group: lyon, scheme: http }
  - { name: new, address: 192.0.2.2, group: lyon }
  - { name: next, address: 192.0.2.3, group: lyon }
",
    );
    assert!(phone(&config, "old").trust.is_none());
    let [new, next] = ["new", "next"].map(|name| phone(&config, name).trust.as_ref().unwrap());
    assert!(Arc::ptr_eq(new, next), "equal trust is shared");
}

#[test]
fn the_effective_values_say_where_each_was_written_and_hide_secrets() {
    let home = Home::new(
        r#"
poll: { interval: 1m }
defaults: { password: hidden, poll: { timeout: 20s } }
groups: { g: { site: lyon, labels: { floor: "1" } } }
phones:
  - { name: a, address: 192.0.2.1, group: g, portable: true }
"#,
    );
    let rows = effective(&home.path("config.yaml"), &environment(&[])).unwrap();
    let row = |key: &str| {
        let row = rows.iter().find(|row| row.key == key);
        let row = row.unwrap_or_else(|| panic!("no row {key}"));
        let origin = row.origin.as_ref().map(ToString::to_string);
        (
            row.value.clone(),
            home.told(&Vec::from_iter(origin)).concat(),
        )
    };
    for (key, value, origin) in [
        ("address", "192.0.2.1", "config.yaml:6: phones[0].address"),
        ("group", "g", "config.yaml:6: phones[0].group"),
        ("site", "lyon", "config.yaml:4: groups.g.site"),
        ("labels.floor", "1", "config.yaml:4: groups.g.labels.floor"),
        ("portable", "true", "config.yaml:6: phones[0].portable"),
        ("enabled", "true", ""),
        ("scheme", "http", ""),
        ("username", "gmiadmin", ""),
        ("password", "(secret)", "config.yaml:3: defaults.password"),
        ("poll.interval", "1m", "config.yaml:2: poll.interval"),
        (
            "poll.timeout",
            "20s",
            "config.yaml:3: defaults.poll.timeout",
        ),
        ("poll.stale_after", "3m", ""),
    ] {
        assert_eq!(row(key), (value.to_owned(), origin.to_owned()), "{key}");
    }
    assert!(!format!("{rows:?}").contains("hidden"));
}
