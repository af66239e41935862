//! Currencies, as far as their amounts look different.

/// Decimals that amounts of the currency are shown with; more where they have more.
pub(super) fn decimals(currency: Option<&str>) -> usize {
    match currency {
        Some(
            "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "VND"
            | "VUV" | "XAF" | "XOF" | "XPF",
        ) => 0,
        Some("BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND") => 3,
        _ => 2,
    }
}

/// The currency's code where it can stand in formulas, file names and OFX: capital letters and digits.
pub(super) fn plain_code(currency: Option<&str>) -> Option<&str> {
    currency.filter(|code| {
        (2..=10).contains(&code.len())
            && code.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    })
}

/// The number format of a spreadsheet for amounts of the currency.
pub(super) fn number_format(currency: Option<&str>) -> String {
    let number = match decimals(currency) {
        0 => "#,##0".to_owned(),
        decimals => format!("#,##0.{}{}", "0".repeat(decimals), "#".repeat(8 - decimals)),
    };
    match plain_code(currency) {
        Some(code) => format!("{number}\\ \"{code}\""),
        None => number,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_show_what_the_currency_has() {
        assert_eq!(number_format(Some("EUR")), "#,##0.00######\\ \"EUR\"");
        assert_eq!(number_format(Some("JPY")), "#,##0\\ \"JPY\"");
        assert_eq!(number_format(Some("TND")), "#,##0.000#####\\ \"TND\"");
        assert_eq!(number_format(Some("x\"y")), "#,##0.00######");
        assert_eq!(number_format(None), "#,##0.00######");
    }
}
