//! The `powens-export` program.

fn main() {}
