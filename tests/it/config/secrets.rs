//! Where passwords come from, and that they go nowhere else.

use grandstream_exporter::config::{Secrets, effective};

use super::{Home, environment, passwords, phone};

/// Stands where a secret is, and must show up nowhere.
const CANARY: &str = "Kanarienvogel-7";

#[test]
fn passwords_come_from_files_variables_and_systemd() {
    let home = Home::new(
        r#"
credentials:
  file: { password_file: secrets/file }
  candidates: { password_files: [secrets/new, secrets/file] }
  variable: { password_env: PHONE_PASSWORD }
  systemd: { password_file: "${CREDENTIALS_DIRECTORY}/phones" }
phones:
  - { name: a, address: 192.0.2.1, credential: file }
  - { name: b, address: 192.0.2.2, credential: candidates }
  - { name: c, address: 192.0.2.3, credential: variable }
  - { name: d, address: 192.0.2.4, credential: systemd }
  - { name: e, address: 192.0.2.5, password_file: secrets/new }
  - { name: f, address: 192.0.2.6, password_env: PHONE_PASSWORD }
"#,
    )
    .with("secrets/file", "one\n")
    .with("secrets/new", " two \r\n")
    .with("credentials/phones", "three");
    let directory = home.path("credentials");
    let variables = [
        ("PHONE_PASSWORD", "four"),
        ("CREDENTIALS_DIRECTORY", directory.to_str().unwrap()),
    ];
    let config = home
        .load_with(&variables, Secrets::Read)
        .unwrap_or_else(|f| panic!("{f}"));
    for (name, expected) in [
        ("a", &["one"][..]),
        ("b", &[" two ", "one"]),
        ("c", &["four"]),
        ("d", &["three"]),
        ("e", &[" two "]),
        ("f", &["four"]),
    ] {
        assert_eq!(passwords(phone(&config, name)), expected, "{name}");
    }
    let expected = [
        "config.yaml:5: credentials.variable.password_env: is fixed at the start; restart to change it",
        "config.yaml:6: credentials.systemd.password_file: is a credential of systemd, fixed until the service restarts; restart to change it",
        "config.yaml:13: phones[5].password_env: is fixed at the start; restart to change it",
    ];
    assert_eq!(home.told(&config.notes), expected);
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
}

#[test]
fn without_secrets_nothing_secret_needs_to_be_there() {
    let home = Home::new(
        r#"
credentials:
  a: { password_files: [missing, gone] }
  b: { password_file: "${CREDENTIALS_DIRECTORY}/phones" }
phones:
  - { name: a, address: 192.0.2.1, credential: a }
  - { name: b, address: 192.0.2.2, credential: b }
  - { name: c, address: 192.0.2.3, password_env: MISSING }
  - { name: d, address: 192.0.2.4, password: test }
"#,
    );
    home.allow("config.yaml", 0o644);
    assert_eq!(home.load().unwrap_err().iter().count(), 4);
    let config = home
        .load_with(&[], Secrets::Skip)
        .unwrap_or_else(|faults| panic!("{faults}"));
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
    let candidates: Vec<_> = config.phones.iter().map(|phone| passwords(phone)).collect();
    assert_eq!(candidates, [vec!["", ""], vec![""], vec![""], vec![""]]);
}

#[test]
fn the_file_of_an_operator_is_neither_opened_nor_missed() {
    let home = Home::new(
        r#"
credentials:
  hq: { password: test, operator: { username: admin, password_file: not/there } }
  lyon: { password: test, operator: { password_file: "${CREDENTIALS_DIRECTORY}/lyon" } }
phones:
  - { name: a, address: 192.0.2.1, credential: hq }
  - { name: b, address: 192.0.2.2, credential: lyon }
"#,
    );
    let config = home.load().unwrap_or_else(|faults| panic!("{faults}"));
    let operator = phone(&config, "a").operator.as_ref().unwrap();
    assert_eq!(operator.password_file, home.path("not/there"));
    assert!(!config.sources.contains(&operator.password_file));
}

#[test]
fn passwords_in_a_file_that_everybody_may_read_are_warned_of_once() {
    let home = Home::new(
        r"
phones:
  - { name: a, address: 192.0.2.1, password: test }
  - { name: b, address: 192.0.2.2, password: test }
",
    );
    home.allow("config.yaml", 0o644);
    let expected = "config.yaml: holds passwords, and everybody on this machine may read it; \
                    chmod o-r it, or use password_file";
    assert_eq!(home.told(&home.load().unwrap().warnings), [expected]);
}

#[test]
fn the_state_directory_is_that_of_the_file_then_the_first_of_systemd() {
    let of = |text: &str, variable: Option<&str>| {
        let home = Home::new(text);
        let variables: Vec<_> = variable
            .map(|value| ("STATE_DIRECTORY", value))
            .into_iter()
            .collect();
        let config = home.load_with(&variables, Secrets::Read).unwrap();
        let directory = config.state_dir.map(|path| path.display().to_string());
        home.told(&Vec::from_iter(directory)).concat()
    };
    assert_eq!(of("", None), "");
    assert_eq!(of("", Some("")), "");
    assert_eq!(of("", Some("/var/lib/a:/var/lib/b")), "/var/lib/a");
    assert_eq!(of("state_dir: state", Some("/var/lib/a")), "state");
    assert_eq!(of("state_dir: /srv/state", None), "/srv/state");
}

/// Everything that is shown of a configuration, or of its faults.
fn shown(home: &Home) -> String {
    let variables = [("PHONE_PASSWORD", CANARY)];
    let loaded = |secrets| match home.load_with(&variables, secrets) {
        Ok(config) => format!("{config:?}"),
        Err(faults) => format!("{faults}{faults:?}"),
    };
    let listed = match effective(&home.path("config.yaml"), &environment(&variables)) {
        Ok(rows) => format!("{rows:?}"),
        Err(faults) => format!("{faults}{faults:?}"),
    };
    [loaded(Secrets::Read), loaded(Secrets::Skip), listed].concat()
}

/// Puts what is at each `#` of `sections` and holds that the canary does not show.
fn hide(sections: &[&str], what: &str) {
    for section in sections {
        let text = section.replace('#', &what.replace('@', CANARY));
        let shown = shown(&Home::new(&text));
        assert!(!shown.is_empty());
        assert!(!shown.contains(CANARY), "{text}\nshows it: {shown}");
    }
}

const SECTIONS: &[&str] = &[
    "credentials: { a: { # } }",
    "credentials: { a: { password: x, operator: { # } } }",
    "credentials: { a: # }",
    "defaults: { # }",
    "groups: { a: { # } }",
    "phones: [ { name: a, address: 192.0.2.1, # } ]",
    "phones:\n  - name: a\n    address: 192.0.2.1\n    #\n",
];

#[test]
fn a_secret_of_the_wrong_type_shows_up_nowhere() {
    for key in [
        "password",
        "password_file",
        "password_files",
        "password_env",
    ] {
        for value in [
            "@",
            "[@]",
            "[[@]]",
            "{ @: }",
            "{ a: @ }",
            "{ a: [ @ ] }",
            "{ password: @ }",
            "!@ x",
            "*@",
            "&@ x",
            "@: x",
            "\"@",
            "'@",
            "[@",
            "{@",
            "%@",
            "`@",
            "|\n @\n",
            ">\n @\n",
            "\"@\\q\"",
            "\"@\\n@\"",
        ] {
            hide(SECTIONS, &format!("{key}: {value}"));
        }
    }
}

#[test]
fn a_misspelt_or_misplaced_secret_shows_up_nowhere() {
    for mistake in [
        "password:@",
        "password @",
        "password=@",
        "pasword: @",
        "password\u{a0}: @",
    ] {
        hide(SECTIONS, mistake);
        hide(&["credentials: { # }", "#"], mistake);
    }
    hide(SECTIONS, "credential: @");
    for table in [
        "a,192.0.2.1,@\n",
        "name,address,@\n",
        "name,address,@,@\n",
        "name,address,password\na,192.0.2.1,@,@\n",
        "name;address;password\na;192.0.2.1;@\n",
        "name,address,password\na,192.0.2.1,\"@\n",
        "name,address,pasword\na,192.0.2.1,@\n",
    ] {
        let table = table.replace('@', CANARY);
        let home = Home::new("phone_files: [table.csv]").with("table.csv", &table);
        let shown = shown(&home);
        assert!(!shown.contains(CANARY), "{table}\nshows it: {shown}");
    }
}

#[test]
fn a_secret_that_was_read_shows_up_nowhere() {
    let home = Home::new(
        r"
credentials:
  a: { password_file: secret }
  b: { password_files: [secret, secret] }
  c: { password_env: PHONE_PASSWORD }
defaults: { credential: a }
phones:
  - { name: a, address: 192.0.2.1 }
  - { name: b, address: 192.0.2.2, credential: b }
  - { name: c, address: 192.0.2.3, credential: c }
  - { name: d, address: 192.0.2.4, password: Kanarienvogel-7 }
phone_files: [table.csv]
",
    )
    .with("secret", CANARY)
    .with(
        "table.csv",
        &format!("name,address,password\ne,192.0.2.5,{CANARY}\n"),
    );
    home.allow("secret", 0o644);
    home.allow("table.csv", 0o644);
    let config = home
        .load_with(&[("PHONE_PASSWORD", CANARY)], Secrets::Read)
        .unwrap();
    let all: Vec<_> = config
        .phones
        .iter()
        .flat_map(|phone| passwords(phone))
        .collect();
    assert_eq!(all, [CANARY; 6], "every secret was read");
    assert!(!config.warnings.is_empty());
    assert!(!shown(&home).contains(CANARY));
}
