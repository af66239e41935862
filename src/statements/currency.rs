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

/// The codes of ISO 4217 (list one, and two that accounts may still hold: ANG, HRK), without those that name no currency.
const ISO_4217: &str = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD \
    CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL \
    GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW \
    KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN \
    NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS \
    SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND \
    VUV WST XAF XAG XAU XCD XCG XDR XOF XPD XPF XPT YER ZAR ZMW ZWG";

/// Whether the code is one of ISO 4217. Codes of crypto currencies have three letters too, and are none.
pub(super) fn is_iso_4217(code: &str) -> bool {
    code.len() == 3 && ISO_4217.split(' ').any(|known| known == code)
}

/// The currency's code where it can stand in formulas, file names and OFX: capital letters and digits.
pub(super) fn plain_code(currency: Option<&str>) -> Option<&str> {
    currency.filter(|code| {
        (2..=10).contains(&code.len())
            && code.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    })
}

/// The number format of a spreadsheet for amounts of the currency. Without cents (`whole`), where the currency has none.
pub(super) fn number_format(currency: Option<&str>, whole: bool) -> String {
    let number = match decimals(currency) {
        0 if whole => "#,##0".to_owned(),
        // A yen has no cents; should somebody serve some, they are not hidden.
        0 => format!("#,##0.0{}", "#".repeat(7)),
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
        assert_eq!(number_format(Some("EUR"), true), "#,##0.00######\\ \"EUR\"");
        assert_eq!(number_format(Some("JPY"), true), "#,##0\\ \"JPY\"");
        assert_eq!(number_format(Some("JPY"), false), "#,##0.0#######\\ \"JPY\"");
        assert_eq!(number_format(Some("TND"), true), "#,##0.000#####\\ \"TND\"");
        assert_eq!(number_format(Some("x\"y"), false), "#,##0.00######");
        assert_eq!(number_format(None, false), "#,##0.00######");
    }

    #[test]
    fn crypto_currencies_are_not_of_the_standard() {
        assert!(["EUR", "JPY", "TND", "ZWG"].into_iter().all(is_iso_4217));
        assert!(!["BTC", "ETH", "XXX", "XTS", "USDT", "R U", "", "eur"].into_iter().any(is_iso_4217));
    }
}
