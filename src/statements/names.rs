//! Names of files and sheets: safe everywhere, unique by the account's id, and no more personal than was allowed.

use std::fmt::Write as _;

use super::Names;
use super::Period;
use super::account::Account;
use super::currency::plain_code;
use crate::model::time;

/// Characters of a file's name without its extension, at most.
const LONGEST: usize = 100;

/// Characters of a sheet's name, at most.
const LONGEST_SHEET: usize = 31;

/// The period in a name: `2026-10` for a whole month, else its ends.
fn period_name(period: Period) -> String {
    let date = |days: Option<i32>| days.and_then(time::date_of);
    if let (Some(from), Some(to)) = (date(period.from), date(period.to))
        && from.day() == 1
        && to == from.last_of_month()
    {
        return from.strftime("%Y-%m").to_string();
    }
    match (period.from, period.to) {
        (None, None) => "all".to_owned(),
        (Some(from), None) => format!("{}_", time::date_text(from)),
        (None, Some(to)) => format!("_{}", time::date_text(to)),
        (Some(from), Some(to)) => format!("{}_{}", time::date_text(from), time::date_text(to)),
    }
}

/// The name of an account's file, without its extension.
pub(super) fn file_stem(prefix: &str, account: &Account, period: Period, names: Names) -> String {
    let mut name = format!("{prefix}_{}", account.id);
    if let Some(code) = plain_code(account.currency.as_deref()) {
        let _ = write!(name, "_{code}");
    }
    let _ = write!(name, "_{}", period_name(period));
    for text in told(account, names) {
        let slug = slug(text);
        if !slug.is_empty() && name.len() + 1 + slug.len() <= LONGEST {
            let _ = write!(name, "_{slug}");
        }
    }
    name
}

/// The name of an account's sheet, the `part`th (from 1). Its id makes it unique; what else it says is cut to fit.
pub(super) fn sheet_name(account: &Account, part: u32, names: Names) -> String {
    let code = plain_code(account.currency.as_deref()).filter(|code| code.len() <= 5);
    let mut tail = account.id.to_string();
    for extra in
        [code.map(|code| format!(" {code}")), (part > 1).then(|| format!(" ({part})"))].into_iter().flatten()
    {
        if tail.len() + extra.len() <= LONGEST_SHEET {
            tail.push_str(&extra);
        }
    }
    let words = told(account, names).into_iter().map(legal).collect::<Vec<_>>().join(" ");
    let room = LONGEST_SHEET.saturating_sub(tail.chars().count() + 1);
    // Excel counts UTF-16 units.
    let mut units = 0;
    let fits = |c: &char| {
        units += c.len_utf16();
        units <= room
    };
    // An apostrophe must not stand first.
    let trimmed = words.trim_start_matches(|c: char| c == '\'' || c.is_whitespace());
    let head: String = trimmed.chars().take_while(fits).collect();
    match head.trim() {
        "" => tail,
        head => format!("{head} {tail}"),
    }
}

/// What a name may tell besides ids.
fn told(account: &Account, names: Names) -> Vec<&str> {
    let bank = account.bank.as_deref();
    let name = account.name.as_deref();
    match names {
        Names::Ids => Vec::new(),
        Names::Bank => bank.into_iter().collect(),
        Names::Account => bank.into_iter().chain(name).collect(),
    }
}

/// A text without the characters that a sheet's name cannot have.
fn legal(text: &str) -> String {
    let allowed = |c: &char| {
        !c.is_control() && !matches!(c, '[' | ']' | ':' | '*' | '?' | '/' | '\\' | '\u{FFFE}' | '\u{FFFF}')
    };
    text.chars().filter(allowed).collect()
}

/// A text as ASCII letters, digits and single hyphens.
fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars() {
        let plain = match c {
            'à' | 'â' | 'ä' | 'á' | 'À' | 'Â' | 'Ä' | 'Á' => 'a',
            'é' | 'è' | 'ê' | 'ë' | 'É' | 'È' | 'Ê' | 'Ë' => 'e',
            'î' | 'ï' | 'í' | 'Î' | 'Ï' | 'Í' => 'i',
            'ô' | 'ö' | 'ó' | 'Ô' | 'Ö' | 'Ó' => 'o',
            'û' | 'ù' | 'ü' | 'ú' | 'Û' | 'Ù' | 'Ü' | 'Ú' => 'u',
            'ç' | 'Ç' => 'c',
            'ñ' | 'Ñ' => 'n',
            other => other.to_ascii_lowercase(),
        };
        if plain.is_ascii_alphanumeric() {
            slug.push(plain);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() >= 30 {
            break;
        }
    }
    slug.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn account(id: i64, bank: &str, name: &str) -> Account {
        Account {
            id,
            bank: Some(bank.to_owned()),
            name: Some(name.to_owned()),
            currency: Some("EUR".to_owned()),
            ..Account::default()
        }
    }

    fn days(text: &str) -> Option<i32> {
        time::parse_date(text.as_bytes())
    }

    #[test]
    fn names_say_ids_and_the_period() {
        let october = Period { from: days("2026-10-01"), to: days("2026-10-31") };
        let account = account(7, "Crédit d'Été", "Compte: joint");
        assert_eq!(file_stem("releve", &account, october, Names::Ids), "releve_7_EUR_2026-10");
        assert_eq!(
            file_stem("releve", &account, october, Names::Account),
            "releve_7_EUR_2026-10_credit-d-ete_compte-joint"
        );
        let rest = Period { from: days("2026-10-02"), to: None };
        assert_eq!(file_stem("s", &account, rest, Names::Ids), "s_7_EUR_2026-10-02_");
        assert_eq!(file_stem("s", &account, Period::default(), Names::Ids), "s_7_EUR_all");
        assert_eq!(sheet_name(&account, 1, Names::Ids), "7 EUR");
        assert_eq!(sheet_name(&account, 2, Names::Account), "Crédit d'Été Compte j 7 EUR (2)");
    }

    proptest! {
        #[test]
        fn names_are_legal_whatever_the_account_is_called(
            id in 1..=i64::MAX, bank in any::<String>(), name in any::<String>(),
            currency in any::<Option<String>>(), part in 1_u32..100,
        ) {
            let mut account = account(id, &bank, &name);
            account.currency = currency;
            let file = file_stem("releve", &account, Period::default(), Names::Account);
            prop_assert!(file.len() <= LONGEST);
            prop_assert!(file.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')));
            let sheet = sheet_name(&account, part, Names::Account);
            prop_assert!(sheet.encode_utf16().count() <= LONGEST_SHEET && !sheet.is_empty());
            prop_assert!(!sheet.contains(['[', ']', ':', '*', '?', '/', '\\']));
            prop_assert!(!sheet.starts_with('\'') && !sheet.ends_with('\''));
            prop_assert!(sheet.contains(&id.to_string()));
        }
    }
}
