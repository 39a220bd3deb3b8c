# demo: a simulated fleet and the exporter on it. test: everything the gate checks.

.PHONY: demo test lint unit tools bench

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
