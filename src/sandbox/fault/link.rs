//! Bends the `_links` and the rows of a page that is already written.

use super::kind::NextLink;
use super::scene::Scene;

const NEXT: &[u8] = b"\"next\": ";
const LINKS: &[u8] = b", \"_links\": ";

/// Where a part begins for the last time.
pub(super) fn find_last(body: &[u8], part: &[u8]) -> Option<usize> {
    body.windows(part.len()).rposition(|window| window == part)
}

fn find(body: &[u8], part: &[u8]) -> Option<usize> {
    body.windows(part.len()).position(|window| window == part)
}

/// Replaces `_links.next`. A body without one is left alone.
pub(crate) fn bend(body: Vec<u8>, link: &NextLink, scene: Scene<'_>) -> Vec<u8> {
    let Scene { origin, decoy, target, .. } = scene;
    let (Some(links), Some(at)) = (find_last(&body, LINKS), find_last(&body, NEXT)) else { return body };
    let value = at + NEXT.len();
    let rest = &body[value..];
    let end = value
        + if rest.starts_with(b"null") {
            4
        } else {
            rest.iter().position(|byte| *byte == b'}').map_or(0, |at| at + 1)
        };
    let href = |address: String| format!("{{\"href\": \"{address}\"}}").into_bytes();
    let new = match link {
        NextLink::Itself => href(format!("{origin}{target}")),
        NextLink::ForeignHost => href(format!("{decoy}{target}")),
        NextLink::OtherUser(user) => {
            let query = target.split_once('?').map_or("", |(_, query)| query);
            href(format!("{origin}/2.0/users/{user}/transactions?{query}"))
        }
        NextLink::To(address) => href(address.clone()),
        NextLink::Null => b"null".to_vec(),
        NextLink::Missing => {
            let head = body[..at].strip_suffix(b", ").unwrap_or(&body[..at]);
            return [head, &body[end..]].concat();
        }
        NextLink::NoLinks => return [&body[..links], &body[end + 1..]].concat(),
    };
    [&body[..value], &new, &body[end..]].concat()
}

/// Takes the rows out of a page.
pub(crate) fn empty(body: Vec<u8>) -> Vec<u8> {
    const OPEN: &[u8] = b"\"transactions\": [";
    let close = find_last(&body, b"], \"_links\"").or_else(|| find_last(&body, b"], \"total\""));
    match (find(&body, OPEN), close) {
        (Some(open), Some(close)) => [&body[..open + OPEN.len()], &body[close..]].concat(),
        _ => body,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"{"transactions": [{"id": 1}], "_links": {"prev": null, "self": {"href": "s"}, "next": {"href": "n"}}, "total": 1}"#;

    fn bent(link: &NextLink) -> serde_json::Value {
        let scene = Scene {
            origin: "http://here",
            decoy: "http://there",
            target: "/2.0/users/1/transactions?limit=1",
            now: jiff::Timestamp::UNIX_EPOCH,
            number: 1,
        };
        serde_json::from_slice(&bend(PAGE.as_bytes().to_vec(), link, scene)).unwrap()
    }

    #[test]
    fn next_is_bent() {
        let next = |link: &NextLink| bent(link)["_links"]["next"]["href"].as_str().unwrap().to_owned();
        assert_eq!(next(&NextLink::Itself), "http://here/2.0/users/1/transactions?limit=1");
        assert_eq!(next(&NextLink::ForeignHost), "http://there/2.0/users/1/transactions?limit=1");
        assert_eq!(next(&NextLink::OtherUser(9)), "http://here/2.0/users/9/transactions?limit=1");
        assert!(bent(&NextLink::Null)["_links"]["next"].is_null());
        assert!(bent(&NextLink::Missing)["_links"].get("next").is_none());
        assert!(bent(&NextLink::NoLinks).get("_links").is_none());
        assert_eq!(bent(&NextLink::NoLinks)["total"], 1);
        let emptied: serde_json::Value = serde_json::from_slice(&empty(PAGE.as_bytes().to_vec())).unwrap();
        assert_eq!(emptied["transactions"].as_array().unwrap().len(), 0);
    }
}
