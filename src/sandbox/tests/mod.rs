//! The sandbox as a client sees it. `probe` asks, the others judge.

mod access;
mod catalogue;
mod history;
mod nights;
mod paging;
mod probe;
mod wire;
mod world;
