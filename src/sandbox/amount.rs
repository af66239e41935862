//! Exact decimals. Money in the sandbox is the text of a JSON number; here is the arithmetic it needs.

const SCALE: u32 = 18;
const ONE: i128 = 10_i128.pow(SCALE);

/// Reads a JSON number's text (sign, digits, fraction, exponent; inside quotes too) as a count of 10⁻¹⁸.
/// `None` for what does not fit or is no number.
pub(crate) fn parse(text: &str) -> Option<i128> {
    let text = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], text[at + 1..].parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut value: i128 = 0;
    for byte in whole.bytes().chain(fraction.bytes()) {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value.checked_mul(10)?.checked_add(i128::from(byte - b'0'))?;
    }
    let shift =
        i32::try_from(SCALE).ok()?.checked_add(exponent)?.checked_sub(i32::try_from(fraction.len()).ok()?)?;
    let value = if value == 0 {
        0
    } else if shift >= 0 {
        value.checked_mul(10_i128.checked_pow(u32::try_from(shift).ok()?)?)?
    } else {
        let divisor = 10_i128.checked_pow(u32::try_from(-shift).ok()?)?;
        if value % divisor != 0 {
            return None;
        }
        value / divisor
    };
    Some(if negative { -value } else { value })
}

/// Writes a count of 10⁻¹⁸ as plain text, with at least `places` decimals.
pub(crate) fn text(value: i128, places: usize) -> String {
    let (whole, fraction) =
        (value.unsigned_abs() / ONE.unsigned_abs(), value.unsigned_abs() % ONE.unsigned_abs());
    let mut fraction = format!("{fraction:018}");
    while fraction.len() > places && fraction.ends_with('0') {
        fraction.pop();
    }
    let sign = if value < 0 { "-" } else { "" };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// An amount given in hundredths, as the API prints it: `-42.5`, `1200.0`.
pub(crate) fn cents(cents: i64) -> Box<str> {
    text(i128::from(cents) * 10_i128.pow(SCALE - 2), 1).into_boxed_str()
}

/// The localised text beside an amount: `-1 249,37 €` (thousands apart by a narrow no-break space).
pub(crate) fn formatted(number: &str, precision: usize, symbol: &str) -> String {
    let Some(value) = parse(number) else { return format!("{number} {symbol}") };
    let plain = text(value, precision);
    let (sign, plain) = plain.strip_prefix('-').map_or(("", plain.as_str()), |rest| ("-", rest));
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
    let mut out = String::from(sign);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    if precision > 0 {
        out.push(',');
        out.push_str(&fraction[..precision.min(fraction.len())]);
    }
    out.push('\u{a0}');
    out.push_str(symbol);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_and_written_exactly() {
        for (given, plain) in [
            ("-42.50", "-42.5"),
            ("\"-42.50\"", "-42.5"),
            ("1e-7", "0.0000001"),
            ("1.5E3", "1500"),
            ("12345678901234567890.12345678", "12345678901234567890.12345678"),
            ("-0.00", "0"),
            ("0.1", "0.1"),
        ] {
            assert_eq!(text(parse(given).unwrap(), 0), plain, "{given}");
        }
        for wrong in ["", "-", "NaN", "1e-40", "1e400", "1,2", "--1"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
        assert_eq!(&*cents(-4250), "-42.5");
        assert_eq!(&*cents(120_000), "1200.0");
        assert_eq!(formatted("-1249.375", 2, "€"), "-1\u{202f}249,37\u{a0}€");
    }
}
