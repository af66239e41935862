//! What the API says beside its data: error bodies, `Retry-After`, `Date`; made safe to log.

use std::time::{Duration, SystemTime};

use serde::Deserialize;

/// Longest description that is kept, in characters.
const LONGEST_DESCRIPTION: usize = 200;
/// Longer runs of letters and digits may be a token.
const LONGEST_WORD: usize = 24;

/// An error body (`reference` of the API: code, description, request_id), cleaned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ErrorBody {
    pub(super) code: Option<String>,
    pub(super) description: Option<String>,
    pub(super) request_id: Option<String>,
}

impl ErrorBody {
    /// Reads a body of any kind; one that is no JSON object says nothing. Texts that contain one of the `secrets` are
    /// dropped whole. `message` (the bank's words for its customer) is never read.
    pub(super) fn parse(body: &[u8], secrets: &[&str]) -> Self {
        #[derive(Deserialize)]
        struct Raw<'a> {
            #[serde(borrow, default)]
            code: Option<&'a serde_json::value::RawValue>,
            #[serde(borrow, default)]
            description: Option<&'a serde_json::value::RawValue>,
            #[serde(borrow, default)]
            request_id: Option<&'a serde_json::value::RawValue>,
        }
        let Ok(raw) = serde_json::from_slice::<Raw<'_>>(body) else { return Self::default() };
        let text = |value: Option<&serde_json::value::RawValue>| -> Option<String> {
            let json = value?.get();
            let text = serde_json::from_str::<String>(json)
                .ok()
                .or_else(|| json.parse::<i64>().ok().map(|n| n.to_string()))?;
            let spoiled = secrets.iter().any(|secret| !secret.is_empty() && text.contains(secret));
            (!text.is_empty() && !spoiled).then_some(text)
        };
        let word = |text: String| {
            let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
            (text.len() <= 64 && text.chars().all(legal)).then_some(text)
        };
        Self {
            code: text(raw.code).and_then(word).filter(|code| code.len() <= 40),
            description: text(raw.description).map(|text| redact(&text)),
            request_id: text(raw.request_id).and_then(word),
        }
    }

    /// Whether the code is this one; the API is not of one mind about upper and lower case.
    pub(super) fn is(&self, code: &str) -> bool {
        self.code.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(code))
    }
}

/// Cuts a text to 200 characters that can be logged: digits become `#` (numbers are ids at best and amounts or IBANs
/// at worst), long words and mail addresses `…`, control characters are escaped.
pub(super) fn redact(text: &str) -> String {
    let mut out = String::new();
    for word in text.split_inclusive(char::is_whitespace) {
        let body = word.trim_end();
        if body.contains('@') || longest_run(body) > LONGEST_WORD {
            out.push('…');
        } else {
            let mut after_digit = false;
            for c in body.chars() {
                if c.is_numeric() {
                    if !after_digit {
                        out.push('#');
                    }
                } else if c.is_control() || is_invisible(c) {
                    out.extend(c.escape_default());
                } else {
                    out.push(c);
                }
                after_digit = c.is_numeric();
            }
        }
        for c in word[body.len()..].chars() {
            if c == ' ' { out.push(c) } else { out.extend(c.escape_default()) }
        }
        if out.chars().count() > LONGEST_DESCRIPTION {
            break;
        }
    }
    if out.chars().count() > LONGEST_DESCRIPTION {
        out = out.chars().take(LONGEST_DESCRIPTION - 1).chain(['…']).collect();
    }
    out
}

/// Directional marks and other characters that change how a line of a log reads.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn longest_run(word: &str) -> usize {
    word.split(|c: char| !(c.is_alphanumeric() || matches!(c, '+' | '/' | '=' | '_' | '-')))
        .map(|run| run.chars().count())
        .max()
        .unwrap_or(0)
}

/// Longest `Retry-After` that is believed: a day. Beyond it the header is noise.
const BELIEVED_SECONDS: u64 = 86_400;

/// Reads `Retry-After`: seconds, or an HTTP date against the server's own clock (ours when it names none). A date in
/// the past is zero; anything else, negative or beyond a day is as if absent.
pub(super) fn retry_after(value: Option<&str>, server_date: Option<SystemTime>) -> Option<u64> {
    let value = value?.trim();
    let seconds = if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        value.parse::<u64>().ok()?
    } else {
        let at = httpdate::parse_http_date(value).ok()?;
        let now = server_date.unwrap_or_else(SystemTime::now);
        let ahead = at.duration_since(now).unwrap_or(Duration::ZERO);
        ahead.as_secs() + u64::from(ahead.subsec_nanos() > 0)
    };
    (seconds <= BELIEVED_SECONDS).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_bodies_of_all_sorts() {
        let body = ErrorBody::parse(
            br#"{"code":"noAccount","description":"x","message":"Jean","request_id":778120934}"#,
            &[],
        );
        assert!(body.is("NOACCOUNT"));
        assert_eq!(body.request_id.as_deref(), Some("778120934"));
        let body = ErrorBody::parse(br#"{"code":null,"request_id":"ab-12"}"#, &[]);
        assert_eq!((body.code, body.description, body.request_id.as_deref()), (None, None, Some("ab-12")));
        for body in
            [&b""[..], b"<html>", b"[]", b"null", b"{\"code\":{}}", b"\xff\xfe", b"{\"code\":\"a b\"}"]
        {
            assert_eq!(ErrorBody::parse(body, &[]).code, None);
        }
    }

    #[test]
    fn fault_103_an_echoed_token_is_dropped() {
        let body = br#"{"code":"badT0ken","description":"token t0k is bad","request_id":"t0k"}"#;
        let parsed = ErrorBody::parse(body, &["t0k"]);
        assert_eq!((parsed.description, parsed.request_id), (None, None));
        let parsed = ErrorBody::parse(br#"{"code":"t0k"}"#, &["t0k"]);
        assert_eq!(parsed.code, None);
        assert_eq!(redact("bad pX0k/9zQm+T4aaaaaaaaaaaaaaaaaaaa= here"), "bad … here");
    }

    #[test]
    fn fault_102_descriptions_cannot_forge_log_lines() {
        let forged = redact("first\nsecond\u{1b}[31m \u{202e}x\0\r\n");
        assert!(!forged.chars().any(|c| c.is_control() || is_invisible(c)), "{forged}");
        assert_eq!(redact(&"word ".repeat(100)).chars().count(), 200);
    }

    #[test]
    fn personal_data_leaves_descriptions() {
        let text = redact("IBAN FR76 3000 6000 0112 3456 7890 189 of jean@example.org, 1 249,37 EUR");
        assert_eq!(text, "IBAN FR# # # # # # # of … # #,# EUR");
        assert_eq!(redact("FR7630006000011234567890189"), "…");
    }

    #[test]
    fn fault_15_retry_after_as_seconds_and_as_date() {
        let now = httpdate::parse_http_date("Sun, 22 Nov 2026 02:00:00 GMT").unwrap();
        let read = |value| retry_after(Some(value), Some(now));
        assert_eq!(read("0"), Some(0));
        assert_eq!(read(" 120 "), Some(120));
        assert_eq!(read("Sun, 22 Nov 2026 02:00:30 GMT"), Some(30));
        assert_eq!(read("Sun, 22 Nov 2026 01:59:30 GMT"), Some(0), "a past date is zero");
        assert_eq!(read("Sunday, 22-Nov-26 02:00:05 GMT"), Some(5));
    }

    #[test]
    fn fault_16_garbage_retry_after_is_as_if_absent() {
        for value in
            ["", "-1", "1e12", "1.5", "soon", "+3", "1000000000000", "99999999999999999999999", "0x10"]
        {
            assert_eq!(retry_after(Some(value), None), None, "{value}");
        }
        assert_eq!(retry_after(None, None), None);
    }
}
