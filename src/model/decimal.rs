//! Amounts, exactly: from the text of a JSON number to an unscaled `i128`, and back to text.

use std::fmt;
use std::str::FromStr;

/// The one decimal type of a lake: `precision` digits in all, `scale` of them after the point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DecimalType {
    precision: u8,
    scale: u8,
}

impl Default for DecimalType {
    /// `Decimal128(28, 8)`: 20 integer digits, satoshi precision; fits every reader's decimal.
    fn default() -> Self {
        Self { precision: 28, scale: 8 }
    }
}

/// Why a number's text cannot be held exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// The text is not a JSON number.
    #[error("not a number")]
    NotANumber,
    /// A digit other than zero lies beyond the scale; it would have to be rounded.
    #[error("more decimals than the column holds")]
    TooPrecise,
    /// More integer digits than the column holds.
    #[error("larger than the column holds")]
    TooLarge,
}

impl DecimalType {
    /// A decimal type of `precision` digits, `scale` of them after the point.
    /// `None` unless 1 ≤ precision ≤ 38, scale ≤ precision and scale ≥ 2 (cents).
    #[must_use]
    pub const fn new(precision: u8, scale: u8) -> Option<Self> {
        if precision == 0 || precision > 38 || scale > precision || scale < 2 {
            return None;
        }
        Some(Self { precision, scale })
    }

    /// Digits in all.
    #[must_use]
    pub const fn precision(self) -> u8 {
        self.precision
    }

    /// Digits after the point.
    #[must_use]
    pub const fn scale(self) -> u8 {
        self.scale
    }

    /// The unscaled value (`amount × 10^scale`) of a JSON number's own text: sign, digits, fraction, exponent.
    ///
    /// # Errors
    /// When the text is no JSON number, or the value does not fit exactly. Nothing is ever rounded.
    pub fn parse(self, text: &[u8]) -> Result<i128, DecimalError> {
        match self.parse_plain(text) {
            Some(value) => Ok(value),
            None => self.parse_any(text),
        }
    }

    /// The common case in one pass over 64-bit arithmetic: no exponent, at most 18 digits, no more decimals than the
    /// column has. `None` for everything else, whether it is a number or not.
    #[inline]
    fn parse_plain(self, text: &[u8]) -> Option<i128> {
        let (negative, digits) = match text {
            [b'-', rest @ ..] => (true, rest),
            _ => (false, text),
        };
        if digits.len() > 18 || (digits.len() > 1 && digits[0] == b'0' && digits[1] != b'.') {
            return None;
        }
        let mut mantissa = 0_u64;
        let mut point = None;
        for (place, byte) in digits.iter().enumerate() {
            match byte {
                b'0'..=b'9' => mantissa = mantissa * 10 + u64::from(byte - b'0'),
                b'.' if point.is_none() && place > 0 => point = Some(place),
                _ => return None,
            }
        }
        let decimals = match point {
            None if digits.is_empty() => return None,
            None => 0,
            Some(place) if place + 1 == digits.len() => return None,
            Some(place) => digits.len() - place - 1,
        };
        let shift = usize::from(self.scale).checked_sub(decimals)?;
        // Eighteen digits and as many places of shift fit; more are left to the long road.
        let power = POWERS.get(shift).filter(|_| shift <= 18)?;
        let value = i128::from(mantissa) * power;
        let most = POWERS.get(usize::from(self.precision))?;
        (value < *most).then_some(if negative { -value } else { value })
    }

    fn parse_any(self, text: &[u8]) -> Result<i128, DecimalError> {
        let (negative, rest) = match text {
            [b'-', rest @ ..] => (true, rest),
            _ => (false, text),
        };
        let integer_digits = leading_digits(rest);
        let (integer, rest) = rest.split_at(integer_digits);
        if integer.is_empty() || (integer.len() > 1 && integer[0] == b'0') {
            return Err(DecimalError::NotANumber);
        }
        let (fraction, rest) = match rest {
            [b'.', rest @ ..] => {
                let digits = leading_digits(rest);
                if digits == 0 {
                    return Err(DecimalError::NotANumber);
                }
                rest.split_at(digits)
            }
            _ => (&[][..], rest),
        };
        let exponent = parse_exponent(rest)?;
        let magnitude = self.scaled(integer, fraction, exponent)?;
        Ok(if negative { -magnitude } else { magnitude })
    }

    /// `integer.fraction × 10^exponent × 10^scale` as an integer, exactly.
    fn scaled(self, integer: &[u8], fraction: &[u8], exponent: i64) -> Result<i128, DecimalError> {
        let mut value: i128 = 0;
        let mut digits = 0_u32;
        // Digits that stand before the last position the column has; those after it must be zeros.
        let positions = i64::try_from(integer.len())
            .unwrap_or(i64::MAX)
            .saturating_add(exponent)
            .saturating_add(i64::from(self.scale));
        for (index, digit) in integer.iter().chain(fraction).enumerate() {
            if index as i64 >= positions {
                if *digit != b'0' {
                    return Err(DecimalError::TooPrecise);
                }
                continue;
            }
            if digits == 0 && *digit == b'0' {
                continue;
            }
            digits += 1;
            if digits > 38 {
                return Err(DecimalError::TooLarge);
            }
            value = value * 10 + i128::from(digit - b'0');
        }
        if value == 0 {
            return Ok(0);
        }
        let written = i64::try_from(integer.len() + fraction.len()).unwrap_or(i64::MAX);
        for _ in 0..positions.saturating_sub(written).max(0) {
            digits += 1;
            if digits > 38 {
                return Err(DecimalError::TooLarge);
            }
            value *= 10;
        }
        if digits > u32::from(self.precision) { Err(DecimalError::TooLarge) } else { Ok(value) }
    }
}

impl fmt::Display for DecimalType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.precision, self.scale)
    }
}

impl FromStr for DecimalType {
    type Err = NotADecimalType;

    fn from_str(text: &str) -> Result<Self, NotADecimalType> {
        let (precision, scale) = text.split_once(',').ok_or(NotADecimalType)?;
        let number = |text: &str| text.trim().parse::<u8>().map_err(|_| NotADecimalType);
        Self::new(number(precision)?, number(scale)?).ok_or(NotADecimalType)
    }
}

/// The text names no decimal type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a decimal type: write PRECISION,SCALE with a precision up to 38 and a scale from 2 up to it, as in 28,8"
)]
pub struct NotADecimalType;

/// Powers of ten that an `i128` holds.
static POWERS: [i128; 39] = {
    let mut powers = [1; 39];
    let mut at = 1;
    while at < powers.len() {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

fn leading_digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// The exponent part of a JSON number, `e-7` for instance; zero when there is none.
fn parse_exponent(text: &[u8]) -> Result<i64, DecimalError> {
    let digits = match text {
        [] => return Ok(0),
        [b'e' | b'E', b'+' | b'-', digits @ ..] | [b'e' | b'E', digits @ ..] => digits,
        _ => return Err(DecimalError::NotANumber),
    };
    if digits.is_empty() || leading_digits(digits) != digits.len() {
        return Err(DecimalError::NotANumber);
    }
    // Far beyond any column either way, so that adding to it cannot overflow.
    let magnitude = digits
        .iter()
        .fold(0_i64, |sum, digit| sum.saturating_mul(10).saturating_add(i64::from(digit - b'0')))
        .min(1_000_000_000);
    Ok(if text[1] == b'-' { -magnitude } else { magnitude })
}

/// Appends the shortest exact text of `unscaled × 10^-scale` with at least two decimals: `-12.50`, `0.00000001`.
pub fn write_decimal(out: &mut String, unscaled: i128, scale: u8) {
    if unscaled < 0 {
        out.push('-');
    }
    let digits = unscaled.unsigned_abs().to_string();
    let scale = usize::from(scale);
    let padded = format!("{digits:0>width$}", width = scale + 1);
    let (integer, fraction) = padded.split_at(padded.len() - scale);
    out.push_str(integer);
    out.push('.');
    let kept = fraction.trim_end_matches('0').len().max(2.min(scale));
    out.push_str(&fraction[..kept]);
    for _ in kept..2 {
        out.push('0');
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<i128, DecimalError> {
        DecimalType::default().parse(text.as_bytes())
    }

    fn text(unscaled: i128) -> String {
        let mut out = String::new();
        write_decimal(&mut out, unscaled, 8);
        out
    }

    #[test]
    fn what_fits_is_exact_and_what_does_not_is_refused() {
        let cases = [
            ("0", Ok(0)),
            ("-0.00", Ok(0)),
            ("12.34", Ok(1_234_000_000)),
            ("-1.005", Ok(-100_500_000)),
            ("1e-7", Ok(10)),
            ("1.5E+3", Ok(150_000_000_000)),
            ("0.000000010", Ok(1)),
            ("100e-2", Ok(100_000_000)),
            ("0e99999999999999999999", Ok(0)),
            ("90071992547409.93", Ok(9_007_199_254_740_993_000_000)),
            ("99999999999999999999.99999999", Ok(9_999_999_999_999_999_999_999_999_999)),
            ("100000000000000000000", Err(DecimalError::TooLarge)),
            ("1e400", Err(DecimalError::TooLarge)),
            ("1e-400", Err(DecimalError::TooPrecise)),
            ("0.000000001", Err(DecimalError::TooPrecise)),
        ];
        for (number, expected) in cases {
            assert_eq!(parse(number), expected, "{number}");
        }
        for bad in ["", "-", ".5", "5.", "+1", "01", "1e", "1e+", "0x1", "NaN", "1 ", "1,5", "--1", "1.2.3"] {
            assert_eq!(parse(bad), Err(DecimalError::NotANumber), "{bad}");
        }
    }

    #[test]
    fn text_is_the_shortest_with_at_least_two_decimals() {
        assert_eq!(text(0), "0.00");
        assert_eq!(text(-1_250_000_000), "-12.50");
        assert_eq!(text(1), "0.00000001");
        assert_eq!(text(123_456_789), "1.23456789");
    }

    proptest! {
        #[test]
        fn text_leads_back_to_the_value(value in -(10_i128.pow(28) - 1)..10_i128.pow(28)) {
            prop_assert_eq!(parse(&text(value)), Ok(value));
        }

        #[test]
        fn the_quick_road_and_the_long_one_agree(text in "-?[0-9.]{0,20}", precision in 2_u8..39, scale in 2_u8..39) {
            if let Some(decimal) = DecimalType::new(precision, scale)
                && let Some(value) = decimal.parse_plain(text.as_bytes())
            {
                prop_assert_eq!(decimal.parse_any(text.as_bytes()), Ok(value));
            }
        }

        #[test]
        fn an_exponent_moves_the_point(value in 1_i64..1_000_000_000, shift in 0_u32..8) {
            let plain = parse(&format!("{value}")).unwrap();
            let shifted = parse(&format!("{value}e-{shift}")).unwrap();
            prop_assert_eq!(shifted * 10_i128.pow(shift), plain);
        }
    }
}
