//! German.

use super::{Day, Words};
use crate::statements::balance::NoBalance;
use crate::statements::finding::{Ask, Gap, Remark};
use crate::statements::ofx::NoFile;
use crate::table::health::Health;

pub(super) const WORDS: Words = Words {
    ofx: "DEU",
    file_summary: "uebersicht",
    file_balances: "salden",
    file_statement: "auszug",
    folder_statements: "auszuege",
    sheet_summary: "Übersicht",
    sheet_balances: "Salden",
    statement: "Kontoauszug",
    pack: "Kontoauszüge",
    totals: "Summen je Währung",
    complete: "Vollständig",
    missing: "Fehlt",
    remark: "Hinweis",
    snapshot: "Datenstand",
    exported: "Exportiert (UTC)",
    from: "Von",
    to: "Bis",
    profile: "Profil",
    guarded: "Textzellen mit vorangestelltem Apostroph",
    replaced: "Durch ? ersetzte Zeichen",
    as_text: "Beträge mit mehr als 15 Ziffern, als Text geschrieben",
    card_rule: "Kartenabrechnung",
    monthly_counts: "die Monatsabrechnung zählt, Einzelkäufe sind nur aufgeführt (umgekehrt: --card-rows deferred)",
    purchases_count: "Einzelkäufe zählen, die Monatsabrechnung ist nur aufgeführt (umgekehrt: --card-rows summary)",
    account: "Konto",
    account_id: "Kontokennung",
    iban: "IBAN oder Nummer",
    bank: "Bank",
    user: "Inhaber (Kennung)",
    currency: "Währung",
    data_as_of: "Daten vom",
    connection: "Verbindung",
    ask: "Bitte an den Mandanten",
    bank_balance: "Saldo bei der Bank",
    opening: "Anfangssaldo",
    closing: "Endsaldo",
    no_balances: "Salden nicht errechnet",
    no_totals: "Keine Summen: ein Betrag des Zeitraums ist unbekannt",
    debits: "Soll",
    credits: "Haben",
    rows: "Zeilen",
    total: "Summe",
    continued: "Fortsetzung auf dem nächsten Blatt",
    computed_both: "Anfang und Ende, rückwärts vom Saldo bei der Bank",
    computed_none: "keine",
    card_accounts_apart: "ohne die Käufe auf Kartenkonten: ihre Monatsabrechnung zählt",
    unknown_currency: "unbekannt",
    coming: "vorgemerkt",
    deleted: "von der Bank zurückgenommen",
    set_aside: "anderswo gezählt (Karte)",
    yes: "ja",
    no: "nein",
    statement_columns: [
        "Datum",
        "Wertstellung",
        "Buchungstext",
        "Gegenpartei",
        "Soll",
        "Haben",
        "Betrag",
        "Saldo",
        "Kategorie",
        "Kommentar",
        "Art",
        "Status",
        "Nicht gezählt",
        "Kennung",
    ],
    summary_columns: [
        "Inhaber",
        "Kontokennung",
        "Konto",
        "IBAN oder Nummer",
        "Bank",
        "Art",
        "Währung",
        "Datei",
        "Zeilen",
        "Erstes Datum",
        "Letztes Datum",
        "Soll",
        "Haben",
        "Anfangssaldo",
        "Endsaldo",
        "Saldo bei der Bank",
        "Daten vom",
        "Vollständig",
        "Fehlt",
        "Verbindung",
        "Vom Mandanten zu erbitten",
        "Hinweise",
    ],
    balance_columns: [
        "Inhaber",
        "Kontokennung",
        "Konto",
        "Währung",
        "Von",
        "Bis",
        "Anfangssaldo",
        "Soll",
        "Haben",
        "Zeilen",
        "Endsaldo",
        "Berechnet",
        "Saldo bei der Bank",
        "Vom",
        "Früherer Saldo bei der Bank",
        "Vom",
        "Differenz",
    ],
    total_columns: ["Währung", "Konten", "Zeilen", "Soll", "Haben", "Hinweise"],
    day_of: |what, day| format!("{what} (am {day})"),
    pack_gaps: |gaps, accounts, absent| match (gaps, absent) {
        (0, 0) => format!("Vollständig: bei {accounts} Konten fehlt nichts"),
        (0, _) => format!(
            "UNVOLLSTÄNDIG: bei {accounts} Konten fehlt nichts, aber von {absent} Nutzern ist kein Konto da, siehe unten"
        ),
        _ => format!("UNVOLLSTÄNDIG: bei {gaps} von {accounts} Konten fehlt etwas, siehe Spalte Fehlt"),
    },
    gap,
    remark_of,
    no_balance,
    state,
    ask_for,
    without: |accounts| format!("ohne {accounts} Konten, deren Summen nicht bekannt sind"),
    user_missing: |user, reason| match reason {
        None => format!("Inhaber {user}: kein Konto in diesem Export"),
        Some(reason) => format!("Inhaber {user}: nichts in diesem Export ({reason})"),
    },
    file_missing: |why| match why {
        NoFile::NoBalance => {
            "keine OFX-Datei: die Bank gab keinen Saldo an, den das Format verlangt".to_owned()
        }
        NoFile::NoCurrency => "keine OFX-Datei: das Konto hat keine Währung der ISO 4217".to_owned(),
    },
};

fn gap(gap: &Gap, day: Day<'_>) -> String {
    match gap {
        Gap::NoConsent => {
            "der Mandant hat dieses Konto nicht freigegeben: nichts ist darüber bekannt".to_owned()
        }
        Gap::NeverFetched => "das Konto wurde nie abgerufen".to_owned(),
        Gap::Incomplete(None) => "nicht alles konnte abgerufen werden".to_owned(),
        Gap::Incomplete(Some(code)) => format!("nicht alles konnte abgerufen werden ({code})"),
        Gap::NothingBefore(from) => format!("der Export enthält nichts vor dem {}", day(*from)),
        Gap::NothingAfter(to) => format!("der Export enthält nichts nach dem {}", day(*to)),
        Gap::StopsEarly(last) => format!("die Daten enden am {}, vor dem Ende des Zeitraums", day(*last)),
        Gap::Doubtful(rows) => format!("{rows} Zeile(n), deren Betrag oder Status unlesbar ist"),
        Gap::Undated(rows) => format!("{rows} Zeile(n) ohne Datum"),
        Gap::PurchasesElsewhere(rows) => {
            format!("{rows} Monatsabrechnung(en) von Karten nicht gezählt, deren Käufe hier fehlen")
        }
    }
}

fn remark_of(remark: Remark, day: Day<'_>) -> String {
    match remark {
        Remark::BeginsOn(first) => format!("die Bank liefert nichts vor dem {}", day(first)),
        Remark::SetAside(rows) => format!("{rows} Kartenzeile(n) nur aufgeführt"),
        Remark::Coming(rows) => format!("{rows} vorgemerkte Zeile(n), nicht gezählt"),
        Remark::Deleted(rows) => format!("{rows} von der Bank zurückgenommene Zeile(n), nicht gezählt"),
        Remark::Archived => "das Konto ist bei der Bank nicht mehr zu finden".to_owned(),
        Remark::InMonthlyDebit(account) => format!(
            "seine Zeilen stehen in der Monatsabrechnung des Kontos {account} und nicht in den Summen"
        ),
        Remark::NoDebitInPack => {
            "seine Käufe zählen: kein Konto mit ihrer Monatsabrechnung ist dabei".to_owned()
        }
        Remark::NoDebitYet(rows) => {
            format!("{rows} Kartenkauf/-käufe noch ohne Monatsabrechnung: sie zählen mit ihr")
        }
        Remark::NoCurrency => "seine Währung ist unbekannt".to_owned(),
    }
}

fn no_balance(why: &NoBalance, day: Day<'_>) -> String {
    match why {
        NoBalance::NotGiven => "die Bank gab keinen Saldo an".to_owned(),
        NoBalance::NoConsent => "Konto nicht freigegeben".to_owned(),
        NoBalance::Valued => "der Saldo dieser Kontoart folgt nicht allein den Zeilen".to_owned(),
        NoBalance::CardAccount => {
            "der Saldo einer Karte fällt mit der Monatsabrechnung auf null, ohne Zeile dafür".to_owned()
        }
        NoBalance::SubAccount(parent) => {
            format!("das Konto gehört zum Konto {parent}: welchen Saldo seine Zeilen bewegen, ist unbekannt")
        }
        NoBalance::Incomplete(_) => "die Zeilen sind nicht vollständig".to_owned(),
        NoBalance::NoHistory => "keine Zeile ist bekannt".to_owned(),
        NoBalance::BeginsLater(first) => format!("die Zeilen beginnen nach dem Zeitraum, am {}", day(*first)),
        NoBalance::NotYet(as_of) => {
            format!("der Zeitraum beginnt nach dem Saldo bei der Bank, vom {}", day(*as_of))
        }
        NoBalance::WindowEnds(last) => format!("der Export enthält nichts nach dem {}", day(*last)),
        NoBalance::Undated(rows) => format!("{rows} Zeile(n) ohne Datum"),
        NoBalance::Future(rows) => format!("{rows} gebuchte Zeile(n) nach dem Datum des Saldos bei der Bank"),
        NoBalance::Doubtful(rows) => format!("{rows} Zeile(n), deren Betrag oder Status unlesbar ist"),
        NoBalance::Cards => "es ist nicht zu erkennen, welche Kartenzeilen den Saldo bewegt haben".to_owned(),
        NoBalance::TooLarge => "die Summe ist zu groß".to_owned(),
    }
}

fn state(health: Health, state: Option<&str>) -> String {
    let state = state.unwrap_or("keiner");
    match health {
        Health::Healthy => "aktuell".to_owned(),
        Health::ActionNeeded => "angehalten, bis der Mandant handelt".to_owned(),
        Health::Waiting => "die Bank antwortet zurzeit nicht; das löst sich von selbst".to_owned(),
        Health::Stale => "angehalten durch einen technischen Fehler des Datenlieferanten".to_owned(),
        Health::Unsupported => "die Bank liefert dieses Konto nicht".to_owned(),
        Health::Inactive => "nicht mehr synchronisiert".to_owned(),
        Health::NeverSynced => "nie synchronisiert".to_owned(),
        Health::Disabled => "ausgeschaltet".to_owned(),
        Health::Unknown => format!("unbekannter Zustand ({state})"),
    }
}

fn ask_for(ask: Ask, day: Day<'_>) -> String {
    match ask {
        Ask::RenewConsent => "die Zustimmung zu erneuern: in der Anwendung neu anmelden".to_owned(),
        Ask::RenewBefore(ends) => format!("die Zustimmung vor dem {} zu erneuern", day(ends)),
        Ask::EnterCode => "den Code der Bank einzugeben".to_owned(),
        Ask::Confirm => "in der App der Bank zu bestätigen".to_owned(),
        Ask::ActAtBank => "sich bei der Bank anzumelden und zu tun, was sie verlangt".to_owned(),
        Ask::ChangePassword => "bei der Bank ein neues Passwort zu wählen und es einzugeben".to_owned(),
        Ask::EnterCredentials => "die Zugangsdaten neu einzugeben: sie werden abgelehnt".to_owned(),
        Ask::AllowAccount => "dieses Konto freizugeben".to_owned(),
        Ask::Reconnect => "die Bank neu zu verbinden".to_owned(),
    }
}
