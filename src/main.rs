//! Arguments to subcommand to exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    grandstream_exporter::cli::run(std::env::args_os())
}
