//! The command line; all of it is in the library, where it can be tested.

fn main() -> std::process::ExitCode {
    isobath::cli::main()
}
