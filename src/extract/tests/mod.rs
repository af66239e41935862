//! The real client against the simulated API, over HTTP.

mod bench;
mod churn;
mod costs;
mod domain;
mod faults;
mod nights;
mod paging;
