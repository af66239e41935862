//! A token or password that cannot be printed by accident.

use std::fmt;

/// A secret text. It has no `Display`, its `Debug` is redacted, it cannot be serialised, and
/// [`Secret::expose`] is called where a header or a request body is built and nowhere else.
///
/// ```compile_fail
/// let secret = powens_export::model::Secret::new("t0ken".to_owned());
/// println!("{secret}");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps the text.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself. Never log, format or store the result.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        // Best effort without `unsafe`: the buffer is overwritten before it is freed.
        let length = self.0.len();
        self.0.clear();
        self.0.extend(std::iter::repeat_n('\0', length));
        std::hint::black_box(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        let secret = Secret::new("marked-token".to_owned());
        assert!(!format!("{secret:?}").contains("marked"));
        assert_eq!(secret.expose(), "marked-token");
    }
}
