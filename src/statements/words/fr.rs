//! French.

use super::{Day, Words};
use crate::statements::balance::NoBalance;
use crate::statements::finding::{Ask, Gap, Remark};
use crate::statements::ofx::NoFile;
use crate::table::health::Health;

pub(super) const WORDS: Words = Words {
    ofx: "FRA",
    file_summary: "sommaire",
    file_balances: "soldes",
    file_statement: "releve",
    folder_statements: "releves",
    sheet_summary: "Sommaire",
    sheet_balances: "Soldes",
    statement: "Relevé de compte",
    pack: "Relevés de compte",
    totals: "Totaux par devise",
    complete: "Complet",
    missing: "Manque",
    remark: "Remarque",
    snapshot: "Instantané",
    exported: "Exporté (UTC)",
    from: "Du",
    to: "Au",
    profile: "Profil",
    guarded: "Cellules de texte précédées d’une apostrophe",
    replaced: "Caractères remplacés par ?",
    as_text: "Montants de plus de 15 chiffres, écrits en texte",
    card_rule: "Cartes à débit différé",
    monthly_counts: "le débit mensuel compte, les achats sont listés sans compter (l’inverse : --card-rows deferred)",
    purchases_count: "les achats comptent, le débit mensuel est listé sans compter (l’inverse : --card-rows summary)",
    account: "Compte",
    account_id: "Identifiant du compte",
    iban: "IBAN ou numéro",
    bank: "Banque",
    user: "Titulaire (identifiant)",
    currency: "Devise",
    data_as_of: "Données arrêtées au",
    connection: "Connexion",
    ask: "À demander au client",
    bank_balance: "Solde à la banque",
    opening: "Solde initial",
    closing: "Solde final",
    no_balances: "Soldes non calculés",
    no_totals: "Pas de totaux : un montant de la période est inconnu",
    debits: "Débits",
    credits: "Crédits",
    rows: "Lignes",
    total: "Total",
    continued: "Suite sur la feuille suivante",
    computed_both: "initial et final, à rebours du solde à la banque",
    computed_none: "aucun",
    card_accounts_apart: "sans les achats des comptes de carte : leur débit mensuel compte",
    unknown_currency: "inconnue",
    coming: "à venir",
    deleted: "annulée par la banque",
    set_aside: "comptée ailleurs (carte)",
    yes: "oui",
    no: "non",
    statement_columns: [
        "Date",
        "Date de valeur",
        "Libellé",
        "Contrepartie",
        "Débit",
        "Crédit",
        "Montant",
        "Solde",
        "Catégorie",
        "Commentaire",
        "Type",
        "Statut",
        "Non compté",
        "Identifiant",
    ],
    summary_columns: [
        "Utilisateur",
        "Compte",
        "Nom du compte",
        "IBAN ou numéro",
        "Banque",
        "Type",
        "Devise",
        "Fichier",
        "Lignes",
        "Première date",
        "Dernière date",
        "Débits",
        "Crédits",
        "Solde initial",
        "Solde final",
        "Solde à la banque",
        "Données arrêtées au",
        "Complet",
        "Manque",
        "Connexion",
        "À demander au client",
        "Remarques",
    ],
    balance_columns: [
        "Utilisateur",
        "Compte",
        "Nom du compte",
        "Devise",
        "Du",
        "Au",
        "Solde initial",
        "Débits",
        "Crédits",
        "Lignes",
        "Solde final",
        "Calculés",
        "Solde à la banque",
        "En date du",
        "Solde antérieur à la banque",
        "En date du",
        "Écart",
    ],
    total_columns: ["Devise", "Comptes", "Lignes", "Débits", "Crédits", "Remarques"],
    day_of: |what, day| format!("{what} (au {day})"),
    pack_gaps: |gaps, accounts, absent| match (gaps, absent) {
        (0, 0) => format!("Complet : rien ne manque pour {accounts} compte(s)"),
        (0, _) => format!(
            "INCOMPLET : rien ne manque pour {accounts} compte(s), mais {absent} utilisateur(s) n'en ont aucun ici, voir plus bas"
        ),
        _ => format!(
            "INCOMPLET : il manque quelque chose pour {gaps} compte(s) sur {accounts}, voir la colonne Manque"
        ),
    },
    gap,
    remark_of,
    no_balance,
    state,
    ask_for,
    without: |accounts| format!("sans {accounts} compte(s) dont les totaux sont inconnus"),
    user_missing: |user, reason| match reason {
        None => format!("utilisateur {user} : aucun compte dans cet export"),
        Some(reason) => format!("utilisateur {user} : rien dans cet export ({reason})"),
    },
    file_missing: |why| match why {
        NoFile::NoBalance => {
            "pas de fichier OFX : la banque n’a pas donné de solde, que le format exige".to_owned()
        }
        NoFile::NoCurrency => "pas de fichier OFX : le compte n’a pas de devise de l’ISO 4217".to_owned(),
    },
};

fn gap(gap: &Gap, day: Day<'_>) -> String {
    match gap {
        Gap::NoConsent => "le client n’a pas autorisé ce compte : rien n’en est connu".to_owned(),
        Gap::NeverFetched => "le compte n’a jamais été récupéré".to_owned(),
        Gap::Incomplete(None) => "tout n’a pas pu être récupéré".to_owned(),
        Gap::Incomplete(Some(code)) => format!("tout n’a pas pu être récupéré ({code})"),
        Gap::NothingBefore(from) => format!("l’export ne contient rien avant le {}", day(*from)),
        Gap::NothingAfter(to) => format!("l’export ne contient rien après le {}", day(*to)),
        Gap::StopsEarly(last) => {
            format!("les données s’arrêtent au {}, avant la fin de la période", day(*last))
        }
        Gap::Doubtful(rows) => format!("{rows} ligne(s) dont le montant ou le statut est illisible"),
        Gap::Undated(rows) => format!("{rows} ligne(s) sans date"),
        Gap::PurchasesElsewhere(rows) => format!(
            "{rows} débit(s) mensuel(s) de carte mis de côté, sans rien dans ce dossier des achats qu’ils regroupent"
        ),
    }
}

fn remark_of(remark: Remark, day: Day<'_>) -> String {
    match remark {
        Remark::BeginsOn(first) => format!("la banque ne fournit rien avant le {}", day(first)),
        Remark::SetAside(rows) => format!("{rows} ligne(s) de carte listée(s) sans compter"),
        Remark::Coming(rows) => format!("{rows} ligne(s) à venir, non comptée(s)"),
        Remark::Deleted(rows) => format!("{rows} ligne(s) annulée(s) par la banque, non comptée(s)"),
        Remark::Archived => "le compte n’est plus trouvé à la banque".to_owned(),
        Remark::InMonthlyDebit(account) => {
            format!("ses lignes sont dans le débit mensuel du compte {account}, et hors des totaux")
        }
        Remark::NoDebitInPack => {
            "ses achats comptent : aucun compte portant leur débit mensuel n’est dans ce dossier".to_owned()
        }
        Remark::NoDebitYet(rows) => {
            format!("{rows} achat(s) par carte sans débit mensuel à ce jour : ils compteront avec lui")
        }
        Remark::NoCurrency => "sa devise est inconnue".to_owned(),
    }
}

fn no_balance(why: &NoBalance, day: Day<'_>) -> String {
    match why {
        NoBalance::NotGiven => "la banque n’a pas donné de solde".to_owned(),
        NoBalance::NoConsent => "compte non autorisé".to_owned(),
        NoBalance::Valued => "le solde de ce type de compte ne suit pas ses seules lignes".to_owned(),
        NoBalance::CardAccount => {
            "le solde d’une carte retombe à zéro au débit mensuel, sans ligne pour le dire".to_owned()
        }
        NoBalance::SubAccount(parent) => {
            format!("le compte dépend du compte {parent} : on ne sait pas quel solde ses lignes mouvementent")
        }
        NoBalance::Incomplete(_) => "les lignes ne sont pas complètes".to_owned(),
        NoBalance::NoHistory => "aucune ligne n’est connue".to_owned(),
        NoBalance::BeginsLater(first) => {
            format!("les lignes commencent après la période, le {}", day(*first))
        }
        NoBalance::NotYet(as_of) => {
            format!("la période commence après le solde à la banque, du {}", day(*as_of))
        }
        NoBalance::WindowEnds(last) => format!("l’export ne contient rien après le {}", day(*last)),
        NoBalance::Undated(rows) => format!("{rows} ligne(s) sans date"),
        NoBalance::Future(rows) => {
            format!("{rows} ligne(s) comptabilisée(s) datée(s) après le solde à la banque")
        }
        NoBalance::Doubtful(rows) => format!("{rows} ligne(s) dont le montant ou le statut est illisible"),
        NoBalance::Cards => "on ne sait pas quelles lignes de carte ont mouvementé le solde".to_owned(),
        NoBalance::TooLarge => "la somme est trop grande".to_owned(),
    }
}

fn state(health: Health, state: Option<&str>) -> String {
    let state = state.unwrap_or("aucun");
    match health {
        Health::Healthy => "à jour".to_owned(),
        Health::ActionNeeded => "arrêtée jusqu’à une action du client".to_owned(),
        Health::Waiting => "la banque ne répond pas pour l’instant ; cela se résout de soi-même".to_owned(),
        Health::Stale => "arrêtée par une panne technique du fournisseur de données".to_owned(),
        Health::Unsupported => "la banque ne fournit pas ce compte".to_owned(),
        Health::Inactive => "n’est plus synchronisée".to_owned(),
        Health::NeverSynced => "jamais synchronisée".to_owned(),
        Health::Disabled => "désactivée".to_owned(),
        Health::Unknown => format!("état inconnu ({state})"),
    }
}

fn ask_for(ask: Ask, day: Day<'_>) -> String {
    match ask {
        Ask::RenewConsent => "renouveler le consentement : se reconnecter dans l’application".to_owned(),
        Ask::RenewBefore(ends) => format!("renouveler le consentement avant le {}", day(ends)),
        Ask::EnterCode => "saisir le code envoyé par la banque".to_owned(),
        Ask::Confirm => "valider dans l’application de la banque".to_owned(),
        Ask::ActAtBank => "se connecter au site de la banque et y faire ce qu’elle demande".to_owned(),
        Ask::ChangePassword => "choisir un nouveau mot de passe à la banque, puis le saisir".to_owned(),
        Ask::EnterCredentials => "ressaisir les identifiants bancaires : ils sont refusés".to_owned(),
        Ask::AllowAccount => "autoriser ce compte".to_owned(),
        Ask::Reconnect => "reconnecter la banque".to_owned(),
    }
}
