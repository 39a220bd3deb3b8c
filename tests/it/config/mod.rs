//! The configuration from the outside: whole files in, what holds or what is wrong out.

mod alerting;
mod contract;
mod faults;
mod hostile;
mod listener;
mod lists;
mod precedence;
mod secrets;
mod sources;
mod values;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use grandstream_exporter::alerting_config;
use grandstream_exporter::config::{Config, Environment, Faults, Phone, Secrets, load};
use secrecy::ExposeSecret;
use tempfile::TempDir;

/// A directory with a configuration and the files that it names, none readable by everybody.
struct Home(TempDir);

impl Home {
    fn new(config: &str) -> Self {
        let home = Self(tempfile::tempdir().expect("a temporary directory can be made"));
        home.with("config.yaml", config)
    }

    fn with(self, name: &str, content: &str) -> Self {
        self.write(name, content);
        self
    }

    fn write(&self, name: &str, content: &str) {
        let path = self.path(name);
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory).expect("a directory can be made");
        }
        fs::write(&path, content).expect("a file can be written");
        self.allow(name, 0o600);
    }

    fn allow(&self, name: &str, mode: u32) {
        let permissions = fs::Permissions::from_mode(mode);
        fs::set_permissions(self.path(name), permissions).expect("its mode can be set");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn load(&self) -> Result<Config, Faults> {
        self.load_with(&[], Secrets::Read)
    }

    fn load_with(&self, variables: &[(&str, &str)], secrets: Secrets) -> Result<Config, Faults> {
        load(&self.path("config.yaml"), &environment(variables), secrets)
    }

    /// The same with what is said of alerts.
    fn load_all(&self) -> Result<(Config, alerting_config::Settings), Faults> {
        let path = self.path("config.yaml");
        alerting_config::load(&path, &environment(&[]), Secrets::Read)
    }

    /// What an operator reads, without the directory, which changes from run to run.
    fn told(&self, lines: &[String]) -> Vec<String> {
        let directory = format!("{}/", self.0.path().display());
        lines
            .iter()
            .map(|line| line.replace(&directory, ""))
            .collect()
    }
}

fn environment(variables: &[(&str, &str)]) -> Environment {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    variables.iter().map(owned).collect()
}

/// The configuration of a text that names no files and has no faults.
fn config(text: &str) -> Config {
    Home::new(text)
        .load()
        .unwrap_or_else(|faults| panic!("{faults}"))
}

fn phone<'a>(config: &'a Config, name: &str) -> &'a Phone {
    let named = config
        .phones
        .iter()
        .find(|phone| &*phone.place.name == name);
    named.unwrap_or_else(|| panic!("no phone {name}"))
}

fn passwords(phone: &Phone) -> Vec<&str> {
    let exposed = phone
        .credential
        .passwords
        .iter()
        .map(ExposeSecret::expose_secret);
    exposed.collect()
}
