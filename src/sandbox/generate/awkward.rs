//! Rows that are legal and still trip programs up.

use crate::sandbox::calendar::day_text;
use crate::sandbox::world::rows::Transaction;

/// The number of ways a row can be awkward.
pub(crate) const WAYS: u64 = 34;

/// Makes a row awkward in the `which`-th way. `today` is the Paris day of the sandbox's clock.
pub(crate) fn make(row: &mut Transaction, which: u64, today: i32) {
    match which {
        0 => worth(row, "-0.00000001"),
        1 => worth(row, "12345678901234567890.12345678"),
        2 => worth(row, "-9.9e-7"),
        3 => worth(row, "-1.5E3"),
        4 => worth(row, "\"-42.50\""),
        5 => worth(row, "-0.00"),
        6 => worth(row, "90071992547409.93"),
        7 => worth(row, "0.1"),
        8 => worth(row, "-17"),
        9 => row.value = None,
        10 => say(row, "🍣 SUSHI BAR 🇫🇷 👩‍👩‍👧"),
        11 => say(row, "PAIEMENT\u{7}\tLIGNE 1\nLIGNE 2\r\nFIN"),
        12 => say(row, "NUL AU MILIEU\u{0}DU LIBELLÉ"),
        13 => say(row, "=HYPERLINK(\"http://exemple.invalid\";\"cliquez\")"),
        14 => say(row, "+33 5 46 00 00 00 ; \"guillemets\", virgule"),
        15 => say(row, "@SUM(A1:A9)"),
        16 => say(row, "-2+3"),
        17 => say(row, &"PRLV REFERENCE LONGUE 0123456789 ".repeat(640)),
        18 => say(row, "\u{202e}ÉTIREVNI\u{202c} \u{200b}\u{feff}"),
        19 => say(row, " ESPACES\u{a0}INSÉCABLES\u{202f}AUX BOUTS "),
        20 => say(row, ""),
        21 => say(row, "NULL"),
        22 => row.wording = None,
        23 => say(row, "C:\\CHEMIN\\NOUVEAU \\u0041 {\"a\":1}"),
        24 => dated(row, "2999-12-31"),
        25 => dated(row, "1901-03-04"),
        26 => {
            dated(row, &day_text(today + 12));
            row.coming = true;
        }
        27 => row.application_date = None,
        28 => row.rare_mut().comment = Some("un commentaire, « de la main » de l'utilisateur".into()),
        29 => {
            row.rare_mut().categories =
                vec![("banking_fees".into(), Some("bank_insurances".into())), ("others".into(), None)]
        }
        30 => row.rare_mut().original_currency = Some("XTS".into()),
        31 => row.active = false,
        32 => row.kind = "carbon_offset".into(),
        _ => {
            row.last_update = row.date_scraped.as_ref().map(|text| format!("{text}.731942").into());
            row.rare_mut().details = Some("détails".into());
        }
    }
}

fn worth(row: &mut Transaction, value: &str) {
    row.value = Some(value.into());
}

fn say(row: &mut Transaction, wording: &str) {
    row.original_wording = wording.into();
    row.simplified_wording = wording.into();
    row.wording = Some(wording.into());
}

fn dated(row: &mut Transaction, date: &str) {
    row.date = Some(date.into());
    row.application_date = Some(date.into());
    row.vdate = None;
}
