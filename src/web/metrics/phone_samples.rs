//! How families with several samples a phone, or with conditions, read them from it.
//!
//! Every value is asked for as of the moment of the scrape: what is too old to be true is not there.

use crate::config::{PublishedValue, ValueKind};
use crate::fleet::expect;
use crate::fleet::posture::Weakness;
use crate::fleet::reading::{Coarse, PhoneStatus, Registration};
use crate::fleet::{Endpoint, Phone, Text};

use super::samples::Samples;
use super::scrape::Scrape;

pub(super) fn endpoints(_: &Scrape, phone: &Phone, out: &mut Samples<'_>) {
    for endpoint in Endpoint::ALL {
        let labels = [("endpoint", endpoint.label())];
        out.flag(&labels, phone.understood(endpoint));
    }
}

pub(super) fn identity(scrape: &Scrape, phone: &Phone, out: &mut Samples<'_>) {
    let Some(values) = phone.values(scrape.now) else {
        return;
    };
    let labels = [
        ("address", &*phone.place.address),
        ("vendor", text(values.vendor())),
        ("model", text(values.model())),
        ("firmware", text(values.firmware())),
        ("hardware", text(values.hardware())),
    ];
    if !scrape.settings.metrics.mac_address {
        out.info(&labels);
        return;
    }
    let [address, vendor, model, firmware, hardware] = labels;
    let mac = ("mac", text(values.mac()));
    out.info(&[address, vendor, model, firmware, hardware, mac]);
}

pub(super) fn status(scrape: &Scrape, phone: &Phone, out: &mut Samples<'_>) {
    let Some(word) = phone.status(scrape.now) else {
        return;
    };
    for status in PhoneStatus::ALL {
        out.flag(&[("status", status.label())], status == word);
    }
}

pub(super) fn registrations(scrape: &Scrape, phone: &Phone, out: &mut Samples<'_>) {
    let Some(accounts) = phone.accounts(scrape.now) else {
        return;
    };
    let mut id = itoa::Buffer::new();
    for account in once(accounts, |account| account.id) {
        let registered = account.registration == Registration::Registered;
        out.flag(&[("account", id.format(account.id))], registered);
    }
}

pub(super) fn accounts(scrape: &Scrape, phone: &Phone, out: &mut Samples<'_>) {
    let Some(accounts) = phone.accounts(scrape.now) else {
        return;
    };
    let mut id = itoa::Buffer::new();
    for account in once(accounts, |account| account.id) {
        let id = ("account", id.format(account.id));
        let server = ("server", account.server.as_str());
        if scrape.settings.metrics.keep.sip_user {
            out.info(&[id, server, ("user", text(account.user.as_ref()))]);
        } else {
            out.info(&[id, server]);
        }
    }
}

pub(super) fn line_counts(scrape: &Scrape, phone: &Phone, out: &mut Samples<'_>) {
    let Some(lines) = phone.lines(scrape.now) else {
        return;
    };
    for state in Coarse::ALL {
        out.count(&[("state", state.label())], lines.count(state));
    }
}

pub(super) fn line_codes(scrape: &Scrape, phone: &Phone, out: &mut Samples<'_>) {
    let Some(lines) = phone.lines(scrape.now) else {
        return;
    };
    let mut number = itoa::Buffer::new();
    for line in once(&lines.each, |line| line.number) {
        if let Some(code) = line.state.code() {
            out.integer(&[("line", number.format(line.number))], code);
        }
    }
}

pub(super) fn line_states(scrape: &Scrape, phone: &Phone, out: &mut Samples<'_>) {
    if !scrape.settings.metrics.line_state {
        return;
    }
    let Some(lines) = phone.lines(scrape.now) else {
        return;
    };
    let mut number = itoa::Buffer::new();
    for line in once(&lines.each, |line| line.number) {
        let number = number.format(line.number);
        for state in Coarse::ALL {
            let labels = [("line", number), ("state", state.label())];
            out.flag(&labels, line.state.coarse() == state);
        }
    }
}

pub(super) fn time_offset(scrape: &Scrape, phone: &Phone, out: &mut Samples<'_>) {
    if !scrape.settings.metrics.clock {
        return;
    }
    if let Some(offset) = phone.clock_offset(scrape.now) {
        out.integer(&[], offset.as_secs());
    }
}

pub(super) fn value_texts(scrape: &Scrape, phone: &Phone, out: &mut Samples<'_>) {
    published(scrape, phone, ValueKind::Info, |pvalue, value| {
        out.info(&[("pvalue", pvalue), ("value", value)]);
    });
}

pub(super) fn value_numbers(scrape: &Scrape, phone: &Phone, out: &mut Samples<'_>) {
    published(scrape, phone, ValueKind::Number, |pvalue, value| {
        let number = value.parse().ok().filter(|number: &f64| number.is_finite());
        if let Some(number) = number {
            out.number(&[("pvalue", pvalue)], number);
        }
    });
}

pub(super) fn expectations(scrape: &Scrape, phone: &Phone, out: &mut Samples<'_>) {
    if phone.place.expect.is_empty() {
        return;
    }
    let Some(values) = phone.values(scrape.now) else {
        return;
    };
    for (pvalue, holds) in expect::matches(&phone.place.expect, values) {
        out.flag(&[("pvalue", pvalue)], holds);
    }
}

pub(super) fn errors(_: &Scrape, phone: &Phone, out: &mut Samples<'_>) {
    let reasons = phone.last.iter().flat_map(|last| last.reasons.iter());
    for reason in reasons {
        out.flag(&[("reason", reason.label())], true);
    }
}

pub(super) fn portable(_: &Scrape, phone: &Phone, out: &mut Samples<'_>) {
    if phone.place.portable {
        out.flag(&[], true);
    }
}

pub(super) fn posture(_: &Scrape, phone: &Phone, out: &mut Samples<'_>) {
    for weakness in Weakness::ALL {
        if let Some(holds) = weakness.holds(phone) {
            out.flag(&[("check", weakness.label())], holds);
        }
    }
}

pub(super) fn muted(scrape: &Scrape, phone: &Phone, out: &mut Samples<'_>) {
    if let Some(by) = scrape.alerts.board.muted().get(&phone.place.name) {
        out.flag(&[("by", by.label())], true);
    }
}

/// Hands over each published value of this kind that was read.
fn published(scrape: &Scrape, phone: &Phone, kind: ValueKind, mut show: impl FnMut(&str, &str)) {
    let of_kind = |published: &&PublishedValue| published.kind == kind;
    let mut published = scrape.settings.values.iter().filter(of_kind).peekable();
    if published.peek().is_none() {
        return;
    }
    let Some(values) = phone.values(scrape.now) else {
        return;
    };
    for published in published {
        if let Some(value) = values.get(&published.pvalue) {
            show(&published.pvalue, value.as_str());
        }
    }
}

/// The items whose key did not come before: a series must be unique whatever a phone lists.
fn once<T>(items: &[T], key: impl Fn(&T) -> u16) -> impl Iterator<Item = &T> {
    let mut highest = None;
    items
        .iter()
        .enumerate()
        .filter_map(move |(position, item)| {
            let id = key(item);
            let rises = highest.is_none_or(|highest| id > highest);
            if rises {
                highest = Some(id);
            }
            let new = rises || !items.iter().take(position).any(|before| key(before) == id);
            new.then_some(item)
        })
}

fn text(value: Option<&Text>) -> &str {
    value.map_or("", Text::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_id_listed_twice_the_first_counts_in_any_order() {
        let items = [(3, 'a'), (1, 'b'), (3, 'c'), (4, 'd'), (1, 'e')];
        let kept: String = once(&items, |item| item.0).map(|item| item.1).collect();
        assert_eq!(kept, "abd");
    }
}
