//! Importing contacts: the difference between a file and a phone, and the calls that close it.
//!
//! Contacts are known by first and last name. Those that only the phone has stay; those that both
//! have alike are left alone, so that an import that was cut off is simply run again.

use serde_json::json;

use super::error::Trouble;
use super::phonebook_file::{self, Card, Entry};
use super::result::Told;
use super::session::Hand;
use crate::webapi::calls::save_contact::Fields;
use crate::webapi::calls::{add_group, get_groups, phonebook_download, save_contact};

/// What an import does to one phone.
#[derive(Debug, Default, PartialEq, Eq)]
struct Difference<'a> {
    added: Vec<&'a Card>,
    /// By id on the phone, with what the phone has now.
    changed: Vec<(u32, &'a Card, &'a Card)>,
    unchanged: usize,
    only_on_phone: usize,
}

/// Brings what these cards say to the phone; for a dry hand, tells the difference.
pub(super) async fn perform(cards: &[Card], hand: &mut Hand) -> Result<Told, Trouble> {
    let document = hand.ask(&phonebook_download::call()).await?;
    let entries = phonebook_file::from_xml(&document)
        .map_err(|error| Trouble::new("parse", format!("{error:#}")))?;
    let difference = Difference::between(cards, &entries);
    let wanted: Vec<&Card> = difference.wanted().collect();
    let groups = add_groups(&wanted, hand).await?;
    let save = |id, card: &Card| save_contact::call(id, &fields(card, &groups));
    for card in &difference.added {
        hand.write(&save(None, card)).await?;
    }
    for (id, card, _) in &difference.changed {
        hand.write(&save(Some(*id), card)).await?;
    }
    Ok(difference.told())
}

impl<'a> Difference<'a> {
    fn between(cards: &'a [Card], entries: &'a [Entry]) -> Self {
        let mut difference = Self::default();
        let mut left: Vec<&Entry> = entries.iter().collect();
        for card in cards {
            let is_known = |entry: &&Entry| names(&entry.card) == names(card);
            let Some(position) = left.iter().position(is_known) else {
                difference.added.push(card);
                continue;
            };
            let entry = left.swap_remove(position);
            match entry.id {
                _ if entry.card == *card => difference.unchanged += 1,
                Some(id) => difference.changed.push((id, card, &entry.card)),
                // Without an id it cannot be edited.
                None => difference.added.push(card),
            }
        }
        difference.only_on_phone = left.len();
        difference
    }

    fn wanted(&self) -> impl Iterator<Item = &'a Card> {
        let changed = self.changed.iter().map(|(_, card, _)| *card);
        self.added.iter().copied().chain(changed)
    }

    fn told(&self) -> Told {
        let mut rows: Vec<Vec<String>> = Vec::new();
        for card in &self.added {
            rows.push(vec![
                "add".to_owned(),
                shown(card),
                changes(&Card::default(), card),
            ]);
        }
        for (_, card, before) in &self.changed {
            rows.push(vec![
                "change".to_owned(),
                shown(card),
                changes(before, card),
            ]);
        }
        let counts = format!(
            "{} alike, {} only on the phone",
            self.unchanged, self.only_on_phone
        );
        rows.push(vec!["keep".to_owned(), counts, String::new()]);
        let json = json!({
            "added": self.added.len(),
            "changed": self.changed.len(),
            "unchanged": self.unchanged,
            "only_on_phone": self.only_on_phone,
        });
        Told::table(&["IMPORT", "CONTACT", "FIELDS"], rows, json)
    }
}

/// Adds the groups that the phone lacks; the ids of all by name. A dry hand learns no new ids.
async fn add_groups(cards: &[&Card], hand: &mut Hand) -> Result<Vec<(String, u32)>, Trouble> {
    let is_grouped = cards.iter().any(|card| !card.group.is_empty());
    if !is_grouped {
        return Ok(Vec::new());
    }
    let mut known = known_groups(hand).await?;
    let mut missing: Vec<&str> = Vec::new();
    for card in cards {
        let is_known = known.iter().any(|(name, _)| *name == card.group);
        if !card.group.is_empty() && !is_known && !missing.contains(&&*card.group) {
            missing.push(&card.group);
        }
    }
    for name in &missing {
        hand.write(&add_group::call(name)).await?;
    }
    if missing.is_empty() || hand.is_dry() {
        return Ok(known);
    }
    known = known_groups(hand).await?;
    for name in missing {
        if !known.iter().any(|(known, _)| known == name) {
            let detail = format!("the phone took group `{name}` and does not list it");
            return Err(Trouble::new("no_such", detail));
        }
    }
    Ok(known)
}

async fn known_groups(hand: &mut Hand) -> Result<Vec<(String, u32)>, Trouble> {
    let groups = hand.ask(&get_groups::call(None)).await?;
    Ok(groups
        .into_iter()
        .map(|group| (group.name, group.id))
        .collect())
}

fn names(card: &Card) -> (&str, &str) {
    (card.first.trim(), card.last.trim())
}

fn shown(card: &Card) -> String {
    format!("{} {}", card.first, card.last).trim().to_owned()
}

/// Every field is sent, so that nothing of an older contact stays.
fn fields(card: &Card, groups: &[(String, u32)]) -> Fields {
    /// The group of contacts that have no other, in the guide's samples.
    const DEFAULT: u32 = 0;
    let group = match card.group.as_str() {
        "" => Some(DEFAULT),
        name => groups
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, id)| *id),
    };
    let some = |text: &String| Some(text.clone());
    Fields {
        first: some(&card.first),
        last: some(&card.last),
        group,
        work: some(&card.work),
        home: some(&card.home),
        mobile: some(&card.mobile),
        fax: some(&card.fax),
        email: some(&card.email),
    }
}

/// The fields that differ, beside the names.
fn changes(before: &Card, after: &Card) -> String {
    let fields = [
        ("group", &before.group, &after.group),
        ("work", &before.work, &after.work),
        ("home", &before.home, &after.home),
        ("mobile", &before.mobile, &after.mobile),
        ("fax", &before.fax, &after.fax),
        ("email", &before.email, &after.email),
    ];
    let differing = fields
        .into_iter()
        .filter(|(_, before, after)| before != after);
    let told: Vec<_> = differing
        .map(|(name, before, after)| match before.as_str() {
            "" => format!("{name} {after}"),
            before => format!("{name} {before} -> {after}"),
        })
        .collect();
    told.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(first: &str, work: &str) -> Card {
        Card {
            first: first.to_owned(),
            work: work.to_owned(),
            ..Card::default()
        }
    }

    #[test]
    fn a_file_is_compared_with_a_phone_by_names() {
        let entry = |id, card| Entry { id, card };
        let entries = [
            entry(Some(1), card("Ann", "1")),
            entry(Some(2), card("Bob", "2")),
            entry(Some(3), card("Cy", "3")),
        ];
        let cards = [
            card("Bob", "2"),
            card("Ann", "9"),
            card("Dee", "4"),
            card("Dee", "4"),
        ];
        let difference = Difference::between(&cards, &entries);
        assert_eq!(difference.added, [&cards[2], &cards[3]]);
        assert_eq!(difference.changed, [(1, &cards[1], &entries[0].card)]);
        assert_eq!((difference.unchanged, difference.only_on_phone), (1, 1));
        assert_eq!(changes(&entries[0].card, &cards[1]), "work 1 -> 9");
        let again: Vec<_> = cards
            .iter()
            .map(|card| entry(Some(0), card.clone()))
            .collect();
        let difference = Difference::between(&cards, &again);
        assert_eq!((difference.unchanged, difference.wanted().count()), (4, 0));
    }
}
