//! P-values and named values: which of them follow from the rest of the phone, and which are only
//! stored.
//!
//! Keys are spelled without `P` here. Meanings are the guide's and those of the vendor's
//! provisioning templates; accounts beyond the sixth have no P-values that are known.

use super::State;
use crate::sim::spec::Account;

/// What reading an account's password answers: a mark that must show up nowhere.
pub const SIP_PASSWORD: &str = "sip-password-that-nobody-may-read";

/// How many values a phone stores.
const VALUES_LIMIT: usize = 512;

/// P-values of accounts 1 to 6: active, name, server, user id, password.
const ACCOUNTS: [[&str; 5]; 6] = [
    ["271", "270", "47", "35", "34"],
    ["401", "417", "402", "404", "406"],
    ["501", "517", "502", "504", "506"],
    ["601", "617", "602", "604", "606"],
    ["1701", "1717", "1702", "1704", "1706"],
    ["1801", "1817", "1802", "1804", "1806"],
];

/// A value by what it means.
enum Key<'a> {
    Firmware,
    Model,
    Mac,
    Uptime,
    AdminPassword,
    UserPassword,
    /// Position in the list of accounts, and which of its values.
    Account(usize, Field),
    Stored(&'a str),
}

#[derive(Clone, Copy)]
enum Field {
    Active,
    Name,
    Server,
    User,
    Password,
    Registered,
}

impl Key<'_> {
    fn of(key: &str) -> Key<'_> {
        match key {
            "68" | "prog_version" => Key::Firmware,
            "phone_model" | "product_model" | "89" => Key::Model,
            "67" | "mac" | "mac_addr" | "mac_display" => Key::Mac,
            "199" | "sys_uptime" => Key::Uptime,
            "2" => Key::AdminPassword,
            "196" => Key::UserPassword,
            _ => account_key(key).unwrap_or(Key::Stored(key)),
        }
    }
}

fn account_key(key: &str) -> Option<Key<'_>> {
    const FIELDS: [Field; 5] = [
        Field::Active,
        Field::Name,
        Field::Server,
        Field::User,
        Field::Password,
    ];
    if let Some(number) = key.strip_prefix("AccountRegistered") {
        let position = number.parse::<usize>().ok()?.checked_sub(1)?;
        return Some(Key::Account(position, Field::Registered));
    }
    ACCOUNTS.iter().enumerate().find_map(|(position, keys)| {
        let column = keys.iter().position(|known| *known == key)?;
        FIELDS
            .get(column)
            .map(|field| Key::Account(position, *field))
    })
}

/// A key as this module spells it: `P68` and `Pphone_model` lose their `P`.
pub(in crate::sim) fn plain(key: &str) -> &str {
    key.strip_prefix('P').unwrap_or(key)
}

impl State {
    /// The value of a key spelled without `P`; `None` for one this phone does not know.
    pub fn value(&self, key: &str) -> Option<String> {
        match Key::of(key) {
            Key::Firmware => Some(self.firmware.clone()),
            Key::Model => Some(self.model.clone()),
            Key::Mac => Some(self.mac.clone()),
            Key::Uptime => Some(self.uptime().as_secs().to_string()),
            Key::AdminPassword => Some(self.admin.password.clone()),
            Key::UserPassword => Some(self.user.password.clone()),
            Key::Account(position, field) => self
                .accounts
                .get(position)
                .map(|account| account_value(account, field)),
            Key::Stored(key) => self.values.get(key).cloned(),
        }
    }

    /// Writes a value, its key spelled without `P`. What a phone tells but cannot be told is
    /// ignored, as phones do.
    pub fn set_value(&mut self, key: &str, value: &str) {
        match Key::of(key) {
            Key::Firmware | Key::Model | Key::Mac | Key::Uptime => {}
            Key::AdminPassword => value.clone_into(&mut self.admin.password),
            Key::UserPassword => value.clone_into(&mut self.user.password),
            Key::Account(position, field) => {
                if let Some(account) = self.accounts.get_mut(position) {
                    set_account_value(account, field, value);
                }
            }
            Key::Stored(key) => {
                if self.values.len() < VALUES_LIMIT || self.values.contains_key(key) {
                    self.values.insert(key.to_owned(), value.to_owned());
                }
            }
        }
    }
}

fn account_value(account: &Account, field: Field) -> String {
    let digit = |holds: bool| if holds { "1" } else { "0" }.to_owned();
    match field {
        Field::Active => digit(account.active),
        Field::Name => account.name.clone(),
        Field::Server => account.server.clone(),
        Field::User => account.user.clone(),
        Field::Password if account.is_blank() => String::new(),
        Field::Password => SIP_PASSWORD.to_owned(),
        Field::Registered => digit(account.is_registered()),
    }
}

fn set_account_value(account: &mut Account, field: Field, value: &str) {
    match field {
        Field::Active => account.active = value == "1",
        Field::Name => value.clone_into(&mut account.name),
        Field::Server => value.clone_into(&mut account.server),
        Field::User => value.clone_into(&mut account.user),
        Field::Password | Field::Registered => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::Spec;

    fn check(state: &State, key: &str, expect: Option<&str>) {
        assert_eq!(state.value(plain(key)).as_deref(), expect, "{key}");
    }

    #[test]
    fn values_follow_the_phone_where_they_mean_a_part_of_it() {
        let mut state = State::sample(Spec::default());
        state.accounts[1].reg = 0;
        for (key, expect) in [
            ("68", Some("1.0.3.30")),
            ("P68", Some("1.0.3.30")),
            ("Pphone_model", Some("GXV3370")),
            ("P2", Some("admin")),
            ("P47", Some("pbx.example.com")),
            ("404", Some("700")),
            ("34", Some(SIP_PASSWORD)),
            ("506", Some("")),
            ("AccountRegistered1", Some("1")),
            ("PAccountRegistered2", Some("0")),
            ("AccountRegistered0", None),
            ("AccountRegistered99", None),
            ("vendor_name", Some("Grandstream")),
            ("no_such_key", None),
        ] {
            check(&state, key, expect);
        }
    }

    #[test]
    fn a_write_reaches_what_the_key_means_and_nothing_that_is_only_told() {
        let mut state = State::sample(Spec::default());
        for (key, value) in [
            ("47", "sip.example.org"),
            ("68", "9"),
            ("2", "new"),
            ("3", "Desk"),
        ] {
            state.set_value(key, value);
        }
        assert_eq!(state.accounts[0].server, "sip.example.org");
        assert_eq!(state.firmware, "1.0.3.30");
        assert_eq!(state.admin.password, "new");
        check(&state, "P3", Some("Desk"));
    }

    #[test]
    fn the_number_of_stored_values_is_bounded() {
        let mut state = State::sample(Spec::default());
        for number in 0..2 * VALUES_LIMIT {
            state.set_value(&format!("x{number}"), "1");
        }
        assert_eq!(state.values.len(), VALUES_LIMIT);
    }
}
