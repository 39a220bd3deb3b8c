//! The page of metrics, written piece by piece.
//!
//! A page is a pure function of the [`Scrape`] it was made from. It is written family by family,
//! because a family must stand in one block, and within it phone by phone. Between two pieces only
//! a position is kept, so the whole text never stands in memory.

use std::sync::Arc;

use crate::alert::{Alert, Picture};
use crate::fleet::{Endpoint, Moment, Phone};
use crate::web::Settings;
use crate::web::pieces::{Filled, PIECE, Pieces};

use super::ahead::{self, AHEAD};
use super::alerts;
use super::exporter::Exporter;
use super::family::{Family, Format, Read, ReadAlert, ReadExporter, ReadPhone, ReadPicture};
use super::samples::{Progress, Samples, push_place};
use super::table::FAMILIES;

/// What a page of metrics is made from.
#[derive(Debug)]
pub struct Scrape {
    /// The phones to show, each once.
    pub phones: Vec<Arc<Phone>>,
    /// When they are shown.
    pub now: Moment,
    /// What may be shown of them.
    pub settings: Arc<Settings>,
    /// What is known of alerts.
    pub alerts: Arc<Picture>,
    /// The exporter's own values; `None` leaves its families and those of alerts out.
    pub exporter: Option<Exporter>,
    /// In which format.
    pub format: Format,
}

/// A page of metrics in the making.
#[derive(Debug)]
pub struct Page {
    scrape: Scrape,
    labels: Labels,
    /// The alerts that have series of their own.
    alerts: Vec<Alert>,
    /// Position in [`FAMILIES`].
    family: usize,
    /// Position among the phones or the alerts.
    item: usize,
    progress: Progress,
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
        let alerts = match scrape.exporter {
            Some(_) => alerts::listed(&scrape.alerts.board),
            None => Vec::new(),
        };
        Self {
            scrape,
            labels: Labels::default(),
            alerts,
            family: 0,
            item: 0,
            progress: Progress::default(),
        }
    }

    /// How many samples were written so far.
    pub fn samples(&self) -> u64 {
        self.progress.samples
    }

    fn ask_phones(
        &mut self,
        family: &'static Family,
        part: Option<Endpoint>,
        read: ReadPhone,
        piece: &mut Vec<u8>,
    ) -> Filled {
        while let Some(phone) = self.scrape.phones.get(self.item) {
            if piece.len() >= PIECE {
                return Filled::Full;
            }
            // Not before the first sample: a family that is switched off has none.
            if let Some(part) = part
                && self.progress.announced
                && self.item.is_multiple_of(AHEAD)
            {
                let next = self.scrape.phones.iter().skip(self.item).take(AHEAD);
                ahead::look(next, part, self.scrape.now);
            }
            let mut samples = Samples {
                out: piece,
                family,
                format: self.scrape.format,
                labels: self.labels.of(self.item, phone),
                progress: &mut self.progress,
            };
            read(&self.scrape, phone, &mut samples);
            self.item += 1;
        }
        if let Some(exporter) = &mut self.scrape.exporter {
            exporter.series = self.progress.samples;
        }
        Filled::Last
    }

    fn ask_alerts(
        &mut self,
        family: &'static Family,
        read: ReadAlert,
        piece: &mut Vec<u8>,
    ) -> Filled {
        while let Some(alert) = self.alerts.get(self.item) {
            if piece.len() >= PIECE {
                return Filled::Full;
            }
            read(
                alert,
                &mut unlabelled(family, &self.scrape, &mut self.progress, piece),
            );
            self.item += 1;
        }
        Filled::Last
    }

    fn ask_picture(
        &mut self,
        family: &'static Family,
        read: ReadPicture,
        piece: &mut Vec<u8>,
    ) -> Filled {
        if self.scrape.exporter.is_some() {
            read(
                &self.scrape,
                &mut unlabelled(family, &self.scrape, &mut self.progress, piece),
            );
        }
        Filled::Last
    }

    fn ask_exporter(
        &mut self,
        family: &'static Family,
        read: ReadExporter,
        piece: &mut Vec<u8>,
    ) -> Filled {
        if let Some(exporter) = &self.scrape.exporter {
            read(
                exporter,
                &mut unlabelled(family, &self.scrape, &mut self.progress, piece),
            );
        }
        Filled::Last
    }
}

/// The samples of a family that is of no phone.
fn unlabelled<'a>(
    family: &'static Family,
    scrape: &Scrape,
    progress: &'a mut Progress,
    piece: &'a mut Vec<u8>,
) -> Samples<'a> {
    Samples {
        out: piece,
        family,
        format: scrape.format,
        labels: &[],
        progress,
    }
}

impl Pieces for Page {
    fn fill(&mut self, piece: &mut Vec<u8>) -> Filled {
        while let Some(family) = FAMILIES.get(self.family) {
            if piece.len() >= PIECE {
                return Filled::Full;
            }
            let filled = match family.read {
                Read::Phone(read) => self.ask_phones(family, None, read, piece),
                Read::Part(part, read) => self.ask_phones(family, Some(part), read, piece),
                Read::Alerts(read) => self.ask_picture(family, read, piece),
                Read::Alert(read) => self.ask_alerts(family, read, piece),
                Read::Exporter(read) => self.ask_exporter(family, read, piece),
            };
            if filled == Filled::Full {
                return Filled::Full;
            }
            self.family += 1;
            self.item = 0;
            self.progress.announced = false;
        }
        if self.scrape.format == Format::OpenMetrics {
            piece.extend_from_slice(b"# EOF\n");
        }
        Filled::Last
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
    use std::time::Duration;

    use super::*;
    use crate::fleet::totals::SkipReason;
    use crate::fleet::{Failure, Fleet, PollReport, Reason};
    use crate::web::example;
    use crate::web::metrics::Process;
    use crate::web::metrics::hostile::any_fleet;
    use crate::web::metrics::picture;
    use crate::web::metrics::strict::parse;
    use crate::web::requests::{Code, Handler, Requests};

    fn exporter(fleet: &Fleet) -> Exporter {
        let requests = Requests::default();
        requests.count(Handler::Metrics, Code::Ok);
        Exporter {
            totals: fleet.totals.clone(),
            phones: fleet.phones().len(),
            reload: example::settings().reload,
            ledger_on_disk: Some(true),
            requests: requests.counts(),
            process: Some(Process {
                cpu_seconds: 1.25,
                resident_bytes: 12_582_912,
                virtual_bytes: 104_857_600,
                open_fds: Some(12),
                max_fds: Some(1024),
                start_seconds: Some(1_714_550_400.0),
            }),
            series: 0,
        }
    }

    fn scrape(fleet: &Fleet, format: Format) -> Scrape {
        Scrape {
            phones: fleet.phones().map(Arc::clone).collect(),
            now: example::now(),
            settings: example::settings().into(),
            alerts: picture::of(fleet).into(),
            exporter: Some(exporter(fleet)),
            format,
        }
    }

    fn write(scrape: Scrape) -> String {
        let mut page = Page::new(scrape);
        let mut text = Vec::new();
        loop {
            let mut piece = Vec::new();
            let filled = page.fill(&mut piece);
            text.extend(piece);
            if filled == Filled::Last {
                return String::from_utf8(text).expect("a page is UTF-8");
            }
        }
    }

    /// The page without what changes from build to build.
    fn golden(format: Format) -> String {
        let fleet = example::fleet().with_skips(SkipReason::Running, 1);
        let built = |what: &str, with: &str| format!("{what}=\"{with}\"");
        let version = built("version", env!("CARGO_PKG_VERSION"));
        let rust = built("rustversion", env!("GRANDSTREAM_EXPORTER_RUSTVERSION"));
        write(scrape(&fleet, format))
            .replace(&version, &built("version", "VERSION"))
            .replace(&rust, &built("rustversion", "RUST"))
    }

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
        let fleet = example::fleet();
        let page = |seconds| {
            write(Scrape {
                now: example::now().after(Duration::from_secs(seconds)),
                exporter: None,
                ..scrape(&fleet, Format::Text)
            })
        };
        let place = example::place("any");
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
                Read::Alerts(_) | Read::Alert(_) | Read::Exporter(_) => {
                    assert!(!is_in(&fresh), "{name}");
                }
            }
        }
        let down = "\ngrandstream_up{phone=\"reception\",site=\"hq\",floor=\"1\"} 0\n";
        assert!(stale.contains(down));
    }

    #[test]
    fn opt_in_families_are_absent_by_default() {
        let fleet = example::fleet();
        let settings = Settings {
            metrics: crate::config::Metrics::default(),
            values: Arc::default(),
            ..example::settings()
        };
        let page = write(Scrape {
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
        let fleet = example::fleet();
        let without = Scrape {
            exporter: None,
            ..scrape(&fleet, Format::Text)
        };
        let lines = write(without);
        let of_phones = lines.lines().filter(|line| !line.starts_with('#')).count();
        let page = write(scrape(&fleet, Format::Text));
        let expected = format!("\ngrandstream_exporter_series {of_phones}\n");
        assert!(page.contains(&expected), "{expected}");
    }

    #[test]
    fn pieces_are_bounded_and_make_the_same_page() {
        let fleet = refusing(3000);
        let mut page = Page::new(scrape(&fleet, Format::OpenMetrics));
        let mut pieces = 0;
        loop {
            let mut piece = Vec::new();
            let filled = page.fill(&mut piece);
            assert!(piece.len() < PIECE + 8192, "{} bytes", piece.len());
            pieces += 1;
            if filled == Filled::Last {
                break;
            }
        }
        assert!(pieces > 10);
        let whole = write(scrape(&fleet, Format::OpenMetrics));
        parse(&whole, Format::OpenMetrics).expect("a valid page");
        assert_eq!(whole.matches("grandstream_up{").count(), 3000);
    }

    /// Phones that all refuse our password.
    fn refusing(phones: usize) -> Fleet {
        let names = (0..phones).map(|n| format!("phone {n}"));
        let fleet = Fleet::new(names.clone().map(|name| Arc::new(example::place(&name))));
        names.fold(fleet, |fleet, name| {
            let mut report = PollReport::new(example::now());
            report.failure = Some(Failure::new(Reason::Auth, "the phone refused the password"));
            fleet.with_report(&name, report)
        })
    }

    #[test]
    fn more_alerts_than_there_is_room_for_are_counted() {
        let fleet = refusing(2100);
        let page = write(scrape(&fleet, Format::Text));
        parse(&page, Format::Text).expect("a valid page");
        let of = |family: &str| page.matches(&format!("\n{family}{{")).count();
        assert_eq!(of("grandstream_alert_active"), 2000);
        assert_eq!(of("grandstream_alert_active_since_timestamp_seconds"), 2000);
        // Two of them are of the daemon and a receiver.
        assert!(page.contains("\ngrandstream_alerts_left_out 102\n"));
        let all = "\ngrandstream_alerts{alertname=\"PhoneAuthRejected\",severity=\"warning\",\
                   state=\"firing\"} 2100\n";
        assert!(page.contains(all));
    }

    #[test]
    fn where_alerts_are_not_judged_nothing_is_said_of_them() {
        let fleet = example::fleet();
        let off = Arc::new(Picture::new(Arc::default()));
        let page = write(Scrape {
            alerts: off,
            ..scrape(&fleet, Format::Text)
        });
        for Family { name, read, .. } in FAMILIES {
            let of_alerts = matches!(read, Read::Alerts(_) | Read::Alert(_));
            assert!(!of_alerts || !page.contains(name), "{name}");
        }
        assert!(!page.contains("grandstream_phone_muted"));
    }

    #[test]
    fn a_page_without_the_exporter_says_which_phones_are_muted_and_nothing_of_alerts() {
        let fleet = example::fleet();
        let page = write(Scrape {
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
                let page = write(scrape(&fleet, format));
                if let Err(fault) = parse(&page, format) {
                    panic!("{fault}\nin {page}");
                }
            }
        }
    }
}
