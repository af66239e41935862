//! What French bank statements say.

/// One habit of a household or a small company.
pub(crate) struct Habit {
    pub(crate) original: &'static str,
    pub(crate) simplified: &'static str,
    pub(crate) kind: &'static str,
    /// Hundredths, smallest and largest; the sign is part of it.
    pub(crate) from: i64,
    pub(crate) to: i64,
}

const fn habit(
    original: &'static str,
    simplified: &'static str,
    kind: &'static str,
    from: i64,
    to: i64,
) -> Habit {
    Habit { original, simplified, kind, from, to }
}

const EVERYDAY: [Habit; 24] = [
    habit("CARTE {d} EPICERIE DU PORT 17 LA ROCHELLE", "EPICERIE DU PORT", "card", -9_800, -350),
    habit("CARTE {d} BOULANGERIE L'ÉPI D'OR", "BOULANGERIE L'ÉPI D'OR", "card", -1_450, -95),
    habit("CB LIBRAIRIE DES QUAIS {d}", "LIBRAIRIE DES QUAIS", "card", -6_400, -600),
    habit("CB STATION-SERVICE A10 {d}", "STATION-SERVICE A10", "card", -9_500, -2_000),
    habit("CARTE {d} CAFÉ DE LA GARE PARIS 12", "CAFÉ DE LA GARE", "card", -2_300, -180),
    habit("PRLV SEPA ÉLECTRICITÉ DU LITTORAL {r}", "ÉLECTRICITÉ DU LITTORAL", "order", -18_000, -3_000),
    habit("PRLV SEPA EAU DE L'AUNIS ECH {r}", "EAU DE L'AUNIS", "order", -7_000, -1_500),
    habit("PRLV SEPA TELECOM HEXAGONE MOBILE {r}", "TELECOM HEXAGONE", "order", -3_999, -999),
    habit("PRLV MUTUELLE SANTÉ {r}", "MUTUELLE SANTÉ", "order", -9_900, -2_500),
    habit(
        "VIR SEPA RECU /DE SALAIRE ATELIERS RÉUNIS /REF {r}",
        "SALAIRE ATELIERS RÉUNIS",
        "transfer",
        140_000,
        420_000,
    ),
    habit("VIR INST CAMILLE EXEMPLE {r}", "CAMILLE EXEMPLE", "transfer", -45_000, 30_000),
    habit("VIR SEPA LOYER RÉSIDENCE DES PINS", "LOYER RÉSIDENCE DES PINS", "transfer", -110_000, -48_000),
    habit("VIREMENT CAF {r}", "CAF", "transfer", 4_000, 38_000),
    habit("RETRAIT DAB {d} LA ROCHELLE CENTRE", "RETRAIT DAB", "withdrawal", -20_000, -1_000),
    habit("CHEQUE {r}", "CHEQUE", "check", -80_000, -1_200),
    habit("REMISE DE CHEQUE {r}", "REMISE DE CHEQUE", "deposit", 1_000, 90_000),
    habit("FRAIS TENUE DE COMPTE", "FRAIS TENUE DE COMPTE", "bank", -800, -200),
    habit("COTISATION CARTE PREMIER", "COTISATION CARTE", "bank", -13_400, -3_500),
    habit("AVOIR CARTE {d} CHAUSSURES & CIE", "CHAUSSURES & CIE", "payback", 1_500, 12_000),
    habit("ECH PRET {r} CAP+INT", "ECHEANCE PRET", "loan_repayment", -131_220, -20_000),
    habit("CB PÉAGE A837 {d}", "PÉAGE A837", "card", -2_890, -210),
    habit("CARTE {d} PHARMACIE St-NICOLAS", "PHARMACIE ST-NICOLAS", "card", -4_560, -230),
    habit("PRLV SEPA DGFIP IMPOT {r}", "DGFIP IMPOT", "order", -95_000, -2_400),
    habit("CARTE {d} SNACK « CHEZ ZOÉ »", "CHEZ ZOÉ", "card", -1_990, -650),
];

const CARD: [Habit; 5] = [
    habit("CB LIBRAIRIE DU PORT {d}", "LIBRAIRIE DU PORT", "deferred_card", -6_000, -500),
    habit("CB RESTAURANT LA MARÉE {d}", "RESTAURANT LA MARÉE", "deferred_card", -12_000, -1_500),
    habit("CB TRAINS DE L'OUEST {d}", "TRAINS DE L'OUEST", "deferred_card", -18_000, -1_100),
    habit("CB SHOP NYC {d} USD", "SHOP NYC", "deferred_card", -22_000, -900),
    habit("ACHAT EN LIGNE ÉCHOPPE {r}", "ÉCHOPPE", "deferred_card", -34_000, -499),
];

const SAVINGS: [Habit; 3] = [
    habit("VIR DEPUIS COMPTE CHEQUES", "VIR DEPUIS COMPTE CHEQUES", "transfer", 5_000, 60_000),
    habit("VIR VERS COMPTE CHEQUES", "VIR VERS COMPTE CHEQUES", "transfer", -60_000, -5_000),
    habit("INTERETS CREDITEURS", "INTERETS CREDITEURS", "profit", 12, 9_000),
];

const MARKET: [Habit; 4] = [
    habit("ACHAT COMPTANT FONDS MONDE A", "ACHAT FONDS MONDE A", "market_order", -250_000, -10_000),
    habit("VENTE COMPTANT FONDS MONDE A", "VENTE FONDS MONDE A", "market_order", 10_000, 250_000),
    habit("DROITS DE GARDE", "DROITS DE GARDE", "market_fee", -4_500, -100),
    habit("ARBITRAGE {r}", "ARBITRAGE", "arbitrage", -90_000, 90_000),
];

/// The habits of an account of this type.
pub(crate) fn habits(kind: &str) -> &'static [Habit] {
    match kind {
        "card" => &CARD,
        "savings" | "livret_a" | "ldds" | "pel" | "deposit" => &SAVINGS,
        "market" | "pea" | "lifeinsurance" | "per" => &MARKET,
        _ => &EVERYDAY,
    }
}
