//! French account numbers whose check digits are right, of banks that do not exist.

use fastrand::Rng;

use crate::sandbox::random::digit_string;

/// An IBAN with valid RIB key and ISO 7064 check digits.
pub(crate) fn french(rng: &mut Rng, bank: &str) -> String {
    let (branch, account) = (digit_string(rng, 5), digit_string(rng, 11));
    let key = 97 - (89 * number(bank) + 15 * number(&branch) + 3 * number(&account)) % 97;
    let bban = format!("{bank}{branch}{account}{key:02}");
    let check = 98 - modulo(&format!("{bban}152700"));
    format!("FR{check:02}{bban}")
}

fn number(digits: &str) -> u64 {
    digits.parse().unwrap_or(0)
}

/// The remainder by 97 of a long string of digits.
fn modulo(digits: &str) -> u64 {
    digits.bytes().fold(0, |rest, byte| (rest * 10 + u64::from(byte - b'0')) % 97)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_hold() {
        let mut rng = Rng::with_seed(5);
        for _ in 0..100 {
            let iban = french(&mut rng, "30999");
            assert_eq!(iban.len(), 27);
            assert_eq!(modulo(&format!("{}1527{}", &iban[4..], &iban[2..4])), 1, "{iban}");
            let (branch, account, key) = (number(&iban[9..14]), number(&iban[14..25]), number(&iban[25..]));
            assert_eq!((89 * 30_999 + 15 * branch + 3 * account + key) % 97, 0);
        }
    }
}
