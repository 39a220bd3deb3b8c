//! The page of metrics, written piece by piece.
//!
//! A page is a pure function of the [`Scrape`] it was made from. It is written family by family,
//! because a family must stand in one block, and within it phone by phone. Between two pieces only
//! a position is kept, so the whole text never stands in memory.

use std::sync::Arc;

use crate::fleet::{Endpoint, Moment, Phone};
use crate::web::Settings;
use crate::web::pieces::{Filled, PIECE, Pieces};

use super::ahead::{self, AHEAD};
use super::exporter::Exporter;
use super::family::{Family, Format, Read, ReadExporter, ReadPhone};
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
    /// The exporter's own values; `None` leaves its families out.
    pub exporter: Option<Exporter>,
    /// In which format.
    pub format: Format,
}

/// A page of metrics in the making.
#[derive(Debug)]
pub struct Page {
    scrape: Scrape,
    labels: Labels,
    /// Position in [`FAMILIES`].
    family: usize,
    /// Position among the phones.
    phone: usize,
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
        Self {
            scrape,
            labels: Labels::default(),
            family: 0,
            phone: 0,
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
        while let Some(phone) = self.scrape.phones.get(self.phone) {
            if piece.len() >= PIECE {
                return Filled::Full;
            }
            // Not before the first sample: a family that is switched off has none.
            if let Some(part) = part
                && self.progress.announced
                && self.phone.is_multiple_of(AHEAD)
            {
                let next = self.scrape.phones.iter().skip(self.phone).take(AHEAD);
                ahead::look(next, part, self.scrape.now);
            }
            let mut samples = Samples {
                out: piece,
                family,
                format: self.scrape.format,
                labels: self.labels.of(self.phone, phone),
                progress: &mut self.progress,
            };
            read(&self.scrape, phone, &mut samples);
            self.phone += 1;
        }
        if let Some(exporter) = &mut self.scrape.exporter {
            exporter.series = self.progress.samples;
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
            let mut samples = Samples {
                out: piece,
                family,
                format: self.scrape.format,
                labels: &[],
                progress: &mut self.progress,
            };
            read(exporter, &mut samples);
        }
        Filled::Last
    }
}

impl Pieces for Page {
    fn fill(&mut self, piece: &mut Vec<u8>) -> Filled {
        while let Some(family) = FAMILIES.get(self.family) {
            let filled = match family.read {
                Read::Phone(read) => self.ask_phones(family, None, read, piece),
                Read::Part(part, read) => self.ask_phones(family, Some(part), read, piece),
                Read::Exporter(read) => self.ask_exporter(family, read, piece),
            };
            if filled == Filled::Full {
                return Filled::Full;
            }
            self.family += 1;
            self.phone = 0;
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
    use crate::fleet::Fleet;
    use crate::fleet::totals::SkipReason;
    use crate::web::example;
    use crate::web::metrics::Process;
    use crate::web::metrics::hostile::any_fleet;
    use crate::web::metrics::strict::parse;
    use crate::web::requests::{Code, Handler, Requests};

    fn exporter(fleet: &Fleet) -> Exporter {
        let requests = Requests::default();
        requests.count(Handler::Metrics, Code::Ok);
        Exporter {
            totals: fleet.totals.clone(),
            phones: fleet.phones().len(),
            reload: example::settings().reload,
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
                Read::Exporter(_) => assert!(!is_in(&fresh), "{name}"),
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
        let places = (0..3000).map(|n| Arc::new(example::place(&format!("phone {n}"))));
        let fleet = Fleet::new(places);
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
