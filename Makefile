# demo: a simulated fleet and the exporter on it. test: everything the gate checks. deb: the Debian
# package. release-checks: what is too slow for each change or needs the network.

.PHONY: demo test lint unit tools bench dashboards dashboards-check dashboards-schema dashboards-preview deb deb-install-test image-test release-checks licences advisories sbom

STATIC := target/static/x86_64-unknown-linux-gnu/release/grandstream-exporter
TOOLS := target/tools/bin

demo:
	cargo run --locked --quiet -- demo

test: tools lint unit

tools:
	scripts/test-tools

lint:
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps

unit:
	if cargo nextest --version >/dev/null 2>&1; then cargo nextest run --locked; else cargo test --locked; fi

bench:
	cargo bench --locked

# Writes the dashboards; a test holds the committed ones to it.
dashboards:
	/usr/bin/python3 -B grafana/generator

# Needs PyPI, so it is no part of `test`: the dashboards against Grafana's own types.
dashboards-check: .venv/grafana-sdk
	.venv/bin/python -B grafana/check/sdk.py

.venv/grafana-sdk: grafana/check/requirements.txt
	python3 -m venv .venv
	.venv/bin/pip install --quiet --requirement grafana/check/requirements.txt
	touch $@

# Needs the npm registry and Node 20: every type, and every word an option may be.
dashboards-schema: grafana/check/schema/node_modules
	node grafana/check/schema/check.mjs

grafana/check/schema/node_modules: grafana/check/schema/package.json grafana/check/schema/package-lock.json
	cd $(dir $@) && npm ci --ignore-scripts --loglevel=error
	touch $@

# Needs python3-matplotlib; takes 20 minutes.
dashboards-preview:
	grafana/preview/preview target/preview

deb:
	cargo build --locked --release
	mkdir -p target/deb
	scripts/deb target/release/grandstream-exporter target/deb

# As root, with debootstrap and a Debian mirror.
deb-install-test: deb
	scripts/deb-install-test "$$(ls -t target/deb/*.deb | head -n1)"

# As root: what the image holds, run as the image would.
image-test:
	RUSTFLAGS="-C target-feature=+crt-static" cargo build --locked --release --bin grandstream-exporter --target x86_64-unknown-linux-gnu --target-dir target/static
	scripts/image-test $(STATIC)

release-checks: dashboards-check dashboards-schema deb-install-test image-test licences sbom advisories

$(TOOLS)/cargo-deny $(TOOLS)/cargo-cyclonedx:
	cargo install --locked --root target/tools $(notdir $@)

# Fetches the RustSec database from its git repository: no package registry has it.
advisories: $(TOOLS)/cargo-deny
	$(TOOLS)/cargo-deny check advisories

# What tests/it/dependencies.rs holds, for every architecture that is built. Needs no network.
licences: $(TOOLS)/cargo-deny
	$(TOOLS)/cargo-deny --offline check licenses bans sources

sbom: $(TOOLS)/cargo-cyclonedx
	$(TOOLS)/cargo-cyclonedx cyclonedx --format json --target x86_64-unknown-linux-gnu --override-filename grandstream-exporter.cdx
