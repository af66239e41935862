//! The file of stored user tokens: lines of `id_user,token`, for those who keep tokens instead of minting them.

use std::collections::HashMap;
use std::path::Path;

use powens_export::model::{Secret, UserId};

use super::failure::UsageError;
use super::secrets::read_private;

/// Reads the file; empty lines, lines that begin with `#` and a heading `id_user,token` are passed over.
pub(crate) fn read(path: &Path) -> Result<HashMap<UserId, Secret>, UsageError> {
    parse(&read_private(path)?).map_err(|(line, problem)| UsageError::UserTokens {
        path: path.into(),
        line,
        problem,
    })
}

fn parse(text: &str) -> Result<HashMap<UserId, Secret>, (usize, &'static str)> {
    let mut tokens = HashMap::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') || (index == 0 && line == "id_user,token") {
            continue;
        }
        let (user, token) = line.split_once(',').ok_or((index + 1, "expected id_user,token"))?;
        let user: UserId = user.trim().parse().map_err(|_| (index + 1, "the user's id is not an id"))?;
        let token = token.trim();
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err((index + 1, "the token is empty or holds a character that no token has"));
        }
        if tokens.insert(user, Secret::new(token.to_owned())).is_some() {
            return Err((index + 1, "the user has a token already"));
        }
    }
    if tokens.is_empty() { Err((1, "there is no token in it")) } else { Ok(tokens) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_line_is_named_by_its_number() {
        let tokens = parse("id_user,token\n# stored in March\n\n12,a/b+c==\n 13 , x \n").unwrap();
        assert_eq!(tokens[&UserId::new(12).unwrap()].expose(), "a/b+c==");
        assert_eq!(tokens[&UserId::new(13).unwrap()].expose(), "x");
        assert_eq!(parse("12,a\n12,b").unwrap_err().0, 2);
        assert_eq!(parse("12,a\nmarked").unwrap_err().0, 2);
        assert!(parse("0,a").is_err() && parse("12,").is_err() && parse("").is_err());
    }
}
