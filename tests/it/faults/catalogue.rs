//! The rows of the fault model that a whole run is tested against, and the test that none is without a test.

use std::collections::BTreeMap;
use std::fs;

/// The rows, by the numbers of the fault model; those left out belong to the disk, the process and object stores.
const ROWS: &[(u32, &str)] = &[
    (1, "nobody listens"),
    (2, "the server cannot prove who it is"),
    (3, "an idle connection was closed"),
    (4, "the connection is reset"),
    (5, "a body shorter than its length"),
    (6, "chunks without an end, or of no size"),
    (7, "a body without any framing"),
    (8, "a body longer than its length"),
    (9, "gzip that is cut, damaged, or none"),
    (10, "gzip with something behind it"),
    (11, "silence, and drips"),
    (12, "answers that are no HTTP"),
    (13, "a proxy's page instead of the API's"),
    (14, "the network is gone for a long time"),
    (15, "429 with a time to come again"),
    (16, "429 with nonsense for a time"),
    (17, "429 for ever"),
    (18, "server errors"),
    (19, "one page always fails"),
    (20, "a token is refused"),
    (21, "access is forbidden, to one or to all"),
    (22, "a listed user is not found"),
    (23, "the address is not the API's"),
    (24, "a request is refused"),
    (25, "a resource is locked"),
    (26, "redirects"),
    (27, "200 that is no page; 204, 206, 304"),
    (28, "a row is inserted during the walk"),
    (29, "a row is deleted without a trace during the walk"),
    (30, "a row is marked deleted during the walk"),
    (31, "a row changes its date during the walk"),
    (32, "an id twice"),
    (33, "a row of somebody else"),
    (34, "a next link that leads back"),
    (35, "next links without end"),
    (36, "no next link, though the total says more"),
    (37, "a total that is none"),
    (38, "the limit is ignored"),
    (39, "rows in any order"),
    (40, "rows without a date"),
    (41, "users and accounts that appear during the run"),
    (42, "archived, disabled and orphaned accounts"),
    (43, "a connection's state changes during the run"),
    (44, "values and fields that nobody knows"),
    (45, "a required field is missing"),
    (46, "null where a value belongs"),
    (47, "numbers as texts, texts as numbers"),
    (48, "ids that are none"),
    (49, "amounts that no column holds"),
    (50, "a page that is no JSON"),
    (51, "bytes that are no UTF-8"),
    (52, "half of a surrogate pair"),
    (53, "a key twice in one object"),
    (54, "control characters and very long texts"),
    (55, "dates of no calendar"),
    (56, "times that come twice or never"),
    (57, "rows outside the dates asked for, and in the future"),
    (58, "far fewer rows than before"),
    (59, "an account with another owner"),
    (60, "clocks that disagree"),
    (95, "secrets that cannot be used"),
    (96, "addresses and authorities that cannot be used"),
    (97, "settings that cannot be used"),
    (98, "links to another place"),
    (99, "answers without measure"),
    (100, "ids and texts that look like paths"),
    (101, "formulas in labels"),
    (102, "error texts that forge log lines"),
    (103, "the server repeats a token"),
    (104, "cookies, challenges, absurd headers"),
];

/// Rows that no test of a whole run can stage, and why.
const ARGUED: &[(u32, &str)] = &[];

#[test]
fn every_row_of_the_catalogue_has_a_test() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/faults");
    let mut tests: BTreeMap<u32, u32> = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let source = fs::read_to_string(entry.unwrap().path()).unwrap();
        for name in source.lines().filter_map(|line| line.trim().strip_prefix("fn fault_")) {
            let number = name.split('_').next().and_then(|number| number.parse().ok());
            *tests.entry(number.unwrap_or_else(|| panic!("{name} has no number"))).or_default() += 1;
        }
    }
    let missing: Vec<_> = ROWS.iter().filter(|(row, _)| !tests.contains_key(row)).collect();
    let argued: Vec<u32> = ARGUED.iter().map(|(row, _)| *row).collect();
    assert_eq!(
        missing.iter().map(|(row, _)| *row).collect::<Vec<_>>(),
        argued,
        "rows without a test: {missing:?}"
    );
    for row in tests.keys() {
        assert!(ROWS.iter().any(|(known, _)| known == row), "row {row} is not in the catalogue");
    }
    let inputs = [
        ("cells", super::values::cells().len()),
        ("settings", super::settings::inputs()),
        ("next links", super::hostile::LINKS.len()),
        ("answers", super::transport::faults().len() + super::semantics::faults().len()),
    ];
    let total: usize = inputs.iter().map(|(_, count)| count).sum();
    println!("{} rows, {} tests, {total} bad inputs: {inputs:?}", ROWS.len(), tests.values().sum::<u32>());
    assert!(total >= 300, "{total} bad inputs: {inputs:?}");
}
