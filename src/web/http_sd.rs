//! `/sd`: what a Prometheus may scrape, one target a phone, for its `http_sd_configs`.
//!
//! Every target is this exporter, with the phone as parameter of `/probe`. All labels begin with
//! `__`, so that Prometheus drops them: the series carry phone and site themselves. For `up` and
//! the other series that Prometheus adds, its configuration makes `__param_target` the `instance`.
//! Source: Prometheus, "HTTP SD endpoint".

use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::fleet::{Fleet, Phone};

use super::json_list::JsonList;
use super::streaming::ChunkSource;

/// One entry of the list.
#[derive(serde::Serialize)]
struct Target<'a> {
    targets: [&'a str; 1],
    labels: Labels<'a>,
}

struct Labels<'a>(&'a Phone);

/// The list; `host` is how the client reaches this exporter.
pub(super) fn targets(fleet: &Fleet, host: String) -> impl ChunkSource + use<> {
    JsonList {
        open: "[",
        close: "]",
        items: fleet.phones().map(Arc::clone).collect(),
        item: move |phone: &Arc<Phone>, out: &mut Vec<u8>| write_target(&host, phone, out),
    }
}

fn write_target(host: &str, phone: &Phone, out: &mut Vec<u8>) {
    let target = Target {
        targets: [host],
        labels: Labels(phone),
    };
    serde_json::to_writer(out, &target).expect("strings under string keys are always JSON");
}

impl Serialize for Labels<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let place = &self.0.place;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("__metrics_path__", "/probe")?;
        map.serialize_entry("__param_target", &place.name)?;
        map.serialize_entry("__meta_grandstream_phone", &place.name)?;
        if let Some(site) = &place.site {
            map.serialize_entry("__meta_grandstream_site", site)?;
        }
        for (name, value) in &place.labels {
            map.serialize_entry(&format_args!("__meta_grandstream_label_{name}"), value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::testing::fixture;

    #[test]
    fn a_target_is_the_exporter_with_the_phone_as_parameter() {
        let mut place = fixture::place("café \"1\"");
        place.labels = Box::new([("floor".into(), "2".into())]);
        let mut out = Vec::new();
        write_target("exporter:15060", &Phone::new(place.into()), &mut out);
        let json: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
        let expected = serde_json::json!({
            "targets": ["exporter:15060"],
            "labels": {
                "__metrics_path__": "/probe",
                "__param_target": "café \"1\"",
                "__meta_grandstream_phone": "café \"1\"",
                "__meta_grandstream_site": "hq",
                "__meta_grandstream_label_floor": "2",
            },
        });
        assert_eq!(json, expected);
    }
}
