//! A row's text, rendered once with holes for what differs from row to row.
//!
//! Rows are what the API sends: the same 41 keys in the same order, some 1,000 bytes each, most columns null or
//! repeating, wordings from a small vocabulary with a reference or a date in each.

/// What differs from row to row.
#[derive(Clone, Copy)]
pub(crate) struct Values {
    pub(crate) id: u64,
    pub(crate) account: u64,
    pub(crate) day: u64,
    pub(crate) updated: u64,
    pub(crate) chance: u64,
}

/// What stands in a hole of a template; its width is that of the text it is written over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Hole {
    Id,
    Account,
    /// The row's day, so many days earlier.
    Day(u64),
    /// The day of the last update.
    Updated,
    /// So many digits of the amount, the first not zero.
    Amount(usize),
    /// Cents.
    Cents,
    /// Eight digits of a reference.
    Reference,
}

/// One of the kinds of rows.
pub(crate) struct Template {
    text: Vec<u8>,
    holes: Vec<(usize, Hole)>,
}

impl Template {
    /// Finds the holes: marks between `‹` and `›` of a text.
    fn new(marked: &str) -> Self {
        let (mut text, mut holes) = (Vec::new(), Vec::new());
        for (at, piece) in marked.split(['‹', '›']).enumerate() {
            if at % 2 == 0 {
                text.extend_from_slice(piece.as_bytes());
                continue;
            }
            let (hole, width) = match piece {
                "id" => (Hole::Id, 11),
                "account" => (Hole::Account, 7),
                "day" => (Hole::Day(0), 10),
                "rday" => (Hole::Day(2), 10),
                "updated" => (Hole::Updated, 10),
                "cents" => (Hole::Cents, 2),
                "reference" => (Hole::Reference, 8),
                digits => (Hole::Amount(digits.len()), digits.len()),
            };
            holes.push((text.len(), hole));
            text.resize(text.len() + width, b'0');
        }
        Self { text, holes }
    }

    pub(crate) fn write(&self, body: &mut Vec<u8>, values: Values) {
        let start = body.len();
        body.extend_from_slice(&self.text);
        let row = &mut body[start..];
        for (at, hole) in &self.holes {
            match *hole {
                Hole::Id => digits(&mut row[*at..*at + 11], values.id),
                Hole::Account => digits(&mut row[*at..*at + 7], values.account),
                Hole::Day(before) => write_day(&mut row[*at..*at + 10], values.day - before),
                Hole::Updated => write_day(&mut row[*at..*at + 10], values.updated),
                Hole::Amount(count) => {
                    let least = 10_u64.pow(u32::try_from(count - 1).unwrap());
                    digits(&mut row[*at..*at + count], least + values.chance % (9 * least));
                }
                Hole::Cents => digits(&mut row[*at..*at + 2], values.chance >> 40),
                Hole::Reference => digits(&mut row[*at..*at + 8], values.chance >> 16),
            }
        }
    }
}

/// The kinds of rows.
pub(crate) fn templates() -> Vec<Template> {
    let shops = [
        "CARREFOUR MARKET",
        "BOULANGERIE PAUL",
        "SNCF CONNECT",
        "PHARMACIE DES HALLES",
        "LIBRAIRIE DU PORT",
        "TOTAL ACCESS LYON",
        "MONOPRIX GRENOBLE",
        "AMAZON EU SARL",
        "UBER EATS PARIS",
        "RATP TITRES",
        "LEROY MERLIN",
        "DECATHLON RENNES",
        "CAFÉ DE LA GARE",
        "EDF CLIENTS PARTICULIERS",
        "FREE MOBILE",
        "MUTUELLE SANTÉ",
        "ASSURANCES DU NORD",
        "LOYER RÉSIDENCE",
        "SALAIRE SOCIÉTÉ MARTIN",
        "REMBOURSEMENT CPAM",
    ];
    let kinds = [("card", "CB "), ("order", "PRLV "), ("transfer", "VIR "), ("deferred_card", "CARTE ")];
    let mut templates = Vec::new();
    for (at, shop) in shops.iter().cycle().take(240).enumerate() {
        let (kind, prefix) = kinds[[0, 0, 1, 0, 2, 0, 1, 3][at % 8]];
        let reference = if at % 2 == 0 { " ‹reference›" } else { " FACTURE ‹day›" };
        let (amount, sign) = ([2, 2, 1, 3, 2, 4][at % 6], if at % 9 == 0 { "" } else { "-" });
        let amount = format!("{sign}‹{}›", "9".repeat(amount));
        let original = format!("{prefix}{shop}{reference}");
        let stemmed = original.to_lowercase();
        let card = if prefix.starts_with('C') { "\"4970XXXXXXXX7002\"" } else { "null" };
        let webid = if at % 3 == 0 { "\"tx‹reference›\"" } else { "null" };
        let counterparty = if kind == "transfer" {
            format!(
                r#"{{"label": "{shop}", "account_scheme_name": "iban", "account_identification": "FR76300040‹reference›0001", "type": "creditor"}}"#
            )
        } else {
            "null".to_owned()
        };
        let abroad = at % 20 == 7;
        let foreign = if abroad {
            r#"{"id": "USD", "symbol": "$", "prefix": true, "crypto": false, "precision": 2, "marketcap": null, "datetime": null, "name": "US Dollar"}"#
        } else {
            "null"
        };
        let original_value = if abroad { "-‹99›.‹cents›" } else { "null" };
        let country = if abroad { "\"US\"" } else { "null" };
        let comment = if at % 50 == 3 { r#""note \u00e0 v\u00e9rifier \"urgent\"""# } else { "null" };
        templates.push(Template::new(&format!(
            r#"{{"id": ‹id›, "id_account": ‹account›, "webid": {webid}, "application_date": "‹day›", "date": "‹day›", "datetime": null, "vdate": null, "vdatetime": null, "rdate": "‹rday›", "rdatetime": null, "bdate": null, "bdatetime": null, "value": {amount}.‹cents›, "gross_value": null, "type": "{kind}", "original_wording": "{original}", "simplified_wording": "{shop}", "stemmed_wording": "{stemmed}", "wording": "{shop}", "categories": [], "id_category": 9998, "state": "parsed", "date_scraped": "‹updated› 04:45:50", "coming": false, "active": true, "id_cluster": null, "comment": {comment}, "last_update": "‹updated› 04:45:50", "deleted": null, "original_value": {original_value}, "original_gross_value": null, "original_currency": {foreign}, "commission": null, "commission_currency": null, "country": {country}, "card": {card}, "counterparty": {counterparty}, "formatted_value": "{amount},‹cents› €", "documents_count": 0, "informations": {{}}, "details": null}}"#
        )));
    }
    templates
}

/// Decimal digits, as many as there is room for; higher ones are left out.
fn digits(to: &mut [u8], mut value: u64) {
    for digit in to.iter_mut().rev() {
        *digit = b'0' + u8::try_from(value % 10).unwrap_or(0);
        value /= 10;
    }
}

pub(crate) fn day_text(day: u64) -> String {
    let mut text = *b"0000-00-00";
    write_day(&mut text, day);
    String::from_utf8_lossy(&text).into_owned()
}

/// `YYYY-MM-DD` of a number of days since 1970-01-01.
fn write_day(to: &mut [u8], day: u64) {
    // Days of eras of 400 years that begin on 1 March.
    let shifted = day + 719_468;
    let of_era = shifted % 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let (month, day) = (if month < 10 { month + 3 } else { month - 9 }, of_year - (153 * month + 2) / 5 + 1);
    let year = year_of_era + shifted / 146_097 * 400 + u64::from(month <= 2);
    digits(&mut to[..4], year);
    to[4] = b'-';
    digits(&mut to[5..7], month);
    to[7] = b'-';
    digits(&mut to[8..], day);
}

/// A number that looks random (splitmix64).
pub(crate) fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
