//! The `ebb` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    ebb::cli::main()
}
