//! Currencies and account types: the two catalogues that rows embed.

use super::json::{Object, Style};

/// Code, symbol, precision, name, symbol before the amount, crypto.
const CURRENCIES: [(&str, &str, i64, &str, bool, bool); 9] = [
    ("EUR", "€", 2, "Euro", false, false),
    ("USD", "$", 2, "Dollar américain", true, false),
    ("GBP", "£", 2, "Livre sterling", true, false),
    ("CHF", "CHF", 2, "Franc suisse", false, false),
    ("JPY", "¥", 0, "Yen", true, false),
    ("TND", "DT", 3, "Dinar tunisien", false, false),
    ("BTC", "₿", 8, "Bitcoin", false, true),
    ("ETH", "Ξ", 18, "Ether", false, true),
    ("MATIC", "MATIC", 18, "Polygon", false, true),
];

/// Every currency code the sandbox knows.
pub(crate) fn codes() -> impl Iterator<Item = &'static str> {
    CURRENCIES.iter().map(|currency| currency.0)
}

/// Symbol and precision of a currency; an unknown code stands for itself.
pub(crate) fn symbol(code: &str) -> (&str, usize) {
    CURRENCIES
        .iter()
        .find(|currency| currency.0 == code)
        .map_or((code, 2), |currency| (currency.1, usize::try_from(currency.2).unwrap_or(2)))
}

/// The object that rows embed.
pub(crate) fn currency(out: &mut Vec<u8>, code: &str, style: Style) {
    let known = CURRENCIES.iter().find(|currency| currency.0 == code);
    let (_, symbol, precision, name, prefix, crypto) =
        known.copied().unwrap_or((code, code, 2, code, false, false));
    let mut object = Object::open(out, None, style);
    object.text("id", Some(code));
    object.text("symbol", Some(symbol));
    object.boolean("prefix", Some(prefix));
    object.boolean("crypto", Some(crypto));
    object.integer("precision", Some(precision));
    object.null("marketcap");
    object.null("datetime");
    object.text("name", Some(name));
    object.close();
}

/// Id, name, is an investment, French singular, French plural.
const ACCOUNT_TYPES: [(i64, &str, bool, &str, &str); 26] = [
    (1, "unknown", false, "Inconnu", "Inconnus"),
    (2, "checking", false, "Compte courant", "Comptes courants"),
    (3, "savings", false, "Épargne", "Épargnes"),
    (4, "deposit", false, "Compte à terme", "Comptes à terme"),
    (5, "loan", false, "Prêt", "Prêts"),
    (6, "market", true, "Compte titres", "Comptes titres"),
    (7, "joint", false, "Compte joint", "Comptes joints"),
    (8, "card", false, "Carte", "Cartes"),
    (9, "lifeinsurance", true, "Assurance vie", "Assurances vie"),
    (10, "pee", true, "PEE", "PEE"),
    (11, "perco", true, "PERCO", "PERCO"),
    (12, "article83", true, "Article 83", "Articles 83"),
    (13, "rsp", true, "RSP", "RSP"),
    (14, "pea", true, "PEA", "PEA"),
    (15, "capitalisation", true, "Capitalisation", "Capitalisations"),
    (16, "perp", true, "PERP", "PERP"),
    (17, "madelin", true, "Madelin", "Madelins"),
    (18, "mortgage", false, "Prêt immobilier", "Prêts immobiliers"),
    (19, "per", true, "PER", "PER"),
    (20, "ldds", false, "LDDS", "LDDS"),
    (21, "livret_a", false, "Livret A", "Livrets A"),
    (22, "livret_b", false, "Livret B", "Livrets B"),
    (23, "pel", false, "PEL", "PEL"),
    (24, "cel", false, "CEL", "CEL"),
    (25, "real_estate", false, "Immobilier", "Immobilier"),
    (26, "crowdlending", true, "Financement participatif", "Financements participatifs"),
];

/// The id of an account type; unknown names share the id of `unknown`.
pub(crate) fn account_type_id(name: &str) -> i64 {
    ACCOUNT_TYPES.iter().find(|kind| kind.1 == name).map_or(1, |kind| kind.0)
}

/// All account types, as objects of a JSON array.
pub(crate) fn account_types(out: &mut Vec<u8>, style: Style) -> usize {
    super::json::array(out, ACCOUNT_TYPES, |out, (id, name, invest, one, many)| {
        let mut object = Object::open(out, None, style);
        object.integer("id", Some(id));
        object.text("name", Some(name));
        object.null("id_parent");
        object.boolean("is_invest", Some(invest));
        object.text("display_name", Some(one));
        object.text("display_name_p", Some(many));
        object.close();
    });
    ACCOUNT_TYPES.len()
}
