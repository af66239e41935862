//! The `powens-export` program: see `cli` for the porch, the library for the house.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
