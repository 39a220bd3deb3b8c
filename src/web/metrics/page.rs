//! The page of metrics, written chunk by chunk.
//!
//! A page is a function of its [`Scrape`] and of what was counted until then. Families of phones come
//! first, each in one block, and within it phone by phone: between two chunks only a position is kept,
//! so that the text of a fleet never stands in memory. The exporter's own families follow as one text,
//! from prometheus-client.

use hyper::body::Bytes;

use crate::fleet::{Endpoint, Phone};
use crate::web::streaming::{CHUNK, ChunkSource, Progress};

use super::exporter_text;
use super::family::{Family, Read, ReadPhone};
use super::format::Format;
use super::prefetch::{self, BATCH};
use super::samples::{FamilyProgress, Samples, push_place};
use super::scrape::Scrape;
use super::table::FAMILIES;

/// A page of metrics in the making.
#[derive(Debug)]
pub struct Page {
    scrape: Scrape,
    labels: Labels,
    /// Position in [`FAMILIES`].
    family: usize,
    /// Position among the phones.
    item: usize,
    progress: FamilyProgress,
    /// What is left of the exporter's own text; `None` before it is written.
    own: Option<Bytes>,
}

/// The labels of each phone, escaped once, when the first family reaches it.
#[derive(Debug, Default)]
struct Labels {
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Page {
    /// A page of which nothing is written yet.
    pub fn new(scrape: Scrape) -> Self {
        Self {
            scrape,
            labels: Labels::default(),
            family: 0,
            item: 0,
            progress: FamilyProgress::default(),
            own: None,
        }
    }

    /// How many samples of phones were written so far.
    pub fn samples(&self) -> u64 {
        self.progress.samples
    }

    /// Writes the family of the phones that it has not come to.
    fn fill_family(&mut self, family: &'static Family, chunk: &mut Vec<u8>) -> Progress {
        let (part, read): (Option<Endpoint>, ReadPhone) = match family.read {
            Read::Phone(read) => (None, read),
            Read::Part(part, read) => (Some(part), read),
        };
        while let Some(phone) = self.scrape.phones.get(self.item) {
            if chunk.len() >= CHUNK {
                return Progress::More;
            }
            // Not before the first sample: a family that is switched off has none.
            if let Some(part) = part
                && self.progress.announcement.is_none()
                && self.item.is_multiple_of(BATCH)
            {
                let next = self.scrape.phones.iter().skip(self.item).take(BATCH);
                prefetch::load(next, part, self.scrape.now);
            }
            let mut samples = Samples {
                out: chunk,
                name: family.name,
                labels: self.labels.of(self.item, phone),
                progress: &mut self.progress,
            };
            read(&self.scrape, phone, &mut samples);
            self.item += 1;
        }
        Progress::Done
    }

    /// Writes the exporter's own families, and the end of the page.
    fn fill_own(&mut self, chunk: &mut Vec<u8>) -> Progress {
        let Self {
            scrape, progress, ..
        } = self;
        let own = self.own.get_or_insert_with(|| {
            let exporter = scrape.exporter.as_ref();
            let own =
                exporter.map(|exporter| exporter_text::written(scrape, exporter, progress.samples));
            let mut text = own.unwrap_or_default();
            if scrape.format == Format::OpenMetrics {
                text.push_str("# EOF\n");
            }
            text.into()
        });
        let room = CHUNK.saturating_sub(chunk.len());
        chunk.extend_from_slice(&own.split_to(room.min(own.len())));
        if own.is_empty() {
            return Progress::Done;
        }
        Progress::More
    }
}

impl ChunkSource for Page {
    fn fill(&mut self, chunk: &mut Vec<u8>) -> Progress {
        while let Some(family) = FAMILIES.get(self.family) {
            if self.item == 0 {
                self.progress.announcement = Some(family.announcement(self.scrape.format));
            }
            if chunk.len() >= CHUNK || self.fill_family(family, chunk) == Progress::More {
                return Progress::More;
            }
            self.family += 1;
            self.item = 0;
        }
        self.fill_own(chunk)
    }
}

impl Labels {
    fn of(&mut self, position: usize, phone: &Phone) -> &[u8] {
        if position == self.ends.len() {
            push_place(&mut self.text, &phone.place);
            self.ends.push(self.text.len());
        }
        let start = position
            .checked_sub(1)
            .map_or(0, |before| self.ends[before]);
        &self.text[start..self.ends[position]]
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::alert_engine::snapshot::AlertSnapshot;
    use crate::fleet::{Failure, Fleet, PollReport, Reason};
    use crate::web::settings::Settings;
    use crate::web::testing::arbitrary::any_fleet;
    use crate::web::testing::exposition_parser::parse;
    use crate::web::testing::fixture;
    use crate::web::testing::metrics_page::{golden, scrape, written};

    #[test]
    fn the_whole_page_in_text_0_0_4() {
        insta::assert_snapshot!("text", golden(Format::Text));
    }

    #[test]
    fn the_whole_page_in_openmetrics() {
        insta::assert_snapshot!("openmetrics", golden(Format::OpenMetrics));
    }

    #[test]
    fn what_is_too_old_to_be_true_is_not_there_and_health_is() {
        let fleet = fixture::fleet();
        let page = |seconds| {
            written(Scrape {
                now: fixture::now().after(Duration::from_secs(seconds)),
                exporter: None,
                ..scrape(&fleet, Format::Text)
            })
        };
        let place = fixture::place("any");
        let (part, values) = (place.stale_after, place.values_stale_after);
        let (fresh, stale) = (page(part.as_secs()), page(part.as_secs() + 1));
        let staler = page(values.as_secs() + 1);
        for Family { name, read, .. } in FAMILIES {
            let is_in = |page: &str| page.contains(&format!("\n{name}{{phone=\"reception\""));
            match read {
                Read::Part(Endpoint::Values, _) => {
                    assert!(is_in(&fresh) && is_in(&stale) && !is_in(&staler), "{name}");
                }
                Read::Part(_, _) => assert!(is_in(&fresh) && !is_in(&stale), "{name}"),
                Read::Phone(_) => assert_eq!(is_in(&fresh), is_in(&staler), "{name}"),
            }
        }
        let down = "\ngrandstream_up{phone=\"reception\",site=\"hq\",floor=\"1\"} 0\n";
        assert!(stale.contains(down));
    }

    #[test]
    fn opt_in_families_are_absent_by_default() {
        let fleet = fixture::fleet();
        let settings = Settings {
            metrics: crate::config::Metrics::default(),
            values: Arc::default(),
            ..fixture::settings()
        };
        let page = written(Scrape {
            settings: settings.into(),
            ..scrape(&fleet, Format::Text)
        });
        for absent in [
            "grandstream_line_state{",
            "grandstream_time_offset_seconds",
            "grandstream_pvalue_info",
            "grandstream_pvalue_number",
            "mac=",
            "user=",
        ] {
            assert!(!page.contains(absent), "{absent}");
        }
    }

    #[test]
    fn the_exporter_counts_the_series_of_phones() {
        let fleet = fixture::fleet();
        let without = Scrape {
            exporter: None,
            ..scrape(&fleet, Format::Text)
        };
        let lines = written(without);
        let of_phones = lines.lines().filter(|line| !line.starts_with('#')).count();
        let page = written(scrape(&fleet, Format::Text));
        let expected = format!("\ngrandstream_exporter_series {of_phones}\n");
        assert!(page.contains(&expected), "{expected}");
    }

    #[test]
    fn pieces_are_bounded_and_make_the_same_page() {
        let fleet = refusing(3000);
        let mut page = Page::new(scrape(&fleet, Format::OpenMetrics));
        let mut chunks = 0;
        loop {
            let mut chunk = Vec::new();
            let filled = page.fill(&mut chunk);
            assert!(chunk.len() < CHUNK + 8192, "{} bytes", chunk.len());
            chunks += 1;
            if filled == Progress::Done {
                break;
            }
        }
        assert!(chunks > 10);
        let whole = written(scrape(&fleet, Format::OpenMetrics));
        parse(&whole, Format::OpenMetrics).expect("a valid page");
        assert_eq!(whole.matches("grandstream_up{").count(), 3000);
    }

    /// Phones that all refuse our password.
    fn refusing(phones: usize) -> Fleet {
        let names = (0..phones).map(|n| format!("phone {n}"));
        let fleet = Fleet::new(names.clone().map(|name| Arc::new(fixture::place(&name))));
        names.fold(fleet, |fleet, name| {
            let mut report = PollReport::new(fixture::now());
            report.failure = Some(Failure::new(Reason::Auth, "the phone refused the password"));
            fleet.with_report(&name, report)
        })
    }

    #[test]
    fn more_alerts_than_there_is_room_for_are_counted() {
        let fleet = refusing(2100);
        let page = written(scrape(&fleet, Format::Text));
        parse(&page, Format::Text).expect("a valid page");
        let of = |family: &str| page.matches(&format!("\n{family}{{")).count();
        assert_eq!(of("grandstream_alert_active"), 2000);
        assert_eq!(of("grandstream_alert_active_since_timestamp_seconds"), 2000);
        // Two of them are of the daemon and a receiver.
        assert!(page.contains("\ngrandstream_alert_series_dropped 102\n"));
        let all = "\ngrandstream_alerts{alertname=\"PhoneAuthRejected\",severity=\"warning\",\
                   state=\"firing\"} 2100\n";
        assert!(page.contains(all));
    }

    #[test]
    fn where_alerts_are_not_judged_nothing_is_said_of_them() {
        let fleet = fixture::fleet();
        let off = Arc::new(AlertSnapshot::new(Arc::default()));
        let page = written(Scrape {
            alerts: off,
            ..scrape(&fleet, Format::Text)
        });
        for of_alerts in ["alert", "notification", "silence"] {
            assert!(
                !page.contains(&format!("grandstream_{of_alerts}")),
                "{of_alerts}"
            );
        }
        assert!(!page.contains("grandstream_phone_muted"));
    }

    #[test]
    fn a_page_without_the_exporter_says_which_phones_are_muted_and_nothing_of_alerts() {
        let fleet = fixture::fleet();
        let page = written(Scrape {
            exporter: None,
            ..scrape(&fleet, Format::Text)
        });
        assert!(page.contains("\ngrandstream_phone_muted{phone=\"lobby\",by=\"window\"} 1\n"));
        assert!(!page.contains("grandstream_alert"));
    }

    proptest::proptest! {
        #[test]
        fn whatever_phones_say_both_formats_stay_valid(fleet in any_fleet()) {
            for format in [Format::Text, Format::OpenMetrics] {
                let page = written(scrape(&fleet, format));
                if let Err(fault) = parse(&page, format) {
                    panic!("{fault}\nin {page}");
                }
            }
        }
    }
}
