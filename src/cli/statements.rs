//! `statements`: a pack for accountants, from a published snapshot. Something missing is exit 3.

use powens_export::encode::CsvProfile;
use powens_export::lake::{Layout, RunId, Snapshot};
use powens_export::model::Window;
use powens_export::statements::{self, PackReport, Request, write_pack};

use super::args::{Common, StatementsArgs};
use super::exit::Exit;
use super::failure::{Failure, UsageError};
use super::{defaults, human, logging, output};

/// Accounts named in the report; the pack names them all.
const NAMED: usize = 20;

/// Performs the verb.
pub(crate) fn perform(args: StatementsArgs, common: &Common) -> Result<Exit, Failure> {
    logging::start_quiet(common)?;
    let layout = Layout::new(&args.dest);
    let run: Option<RunId> = args
        .run
        .as_deref()
        .map(|run| run.parse().map_err(|error| UsageError::setting("--run", error)))
        .transpose()?;
    let request = request(&args)?;
    let snapshot = match &run {
        Some(run) => Snapshot::open(&layout, run)?,
        None => Snapshot::require_latest(&layout)?,
    };
    let report = write_pack(&snapshot, &request, &args.out)?;
    if !(common.quiet && report.is_complete()) {
        output::print_page(&page(&report, &args))?;
    }
    Ok(if report.is_complete() { Exit::Complete } else { Exit::Partial })
}

fn request(args: &StatementsArgs) -> Result<Request, UsageError> {
    let (from, to) =
        args.month.map_or((args.from, args.to), |month| (Some(month.first()), Some(month.last())));
    let name = args.profile.as_deref().unwrap_or(defaults::STATEMENTS_PROFILE);
    Ok(Request {
        users: args.users.clone(),
        accounts: args.accounts.clone(),
        period: Window::new(from, to).map_err(|error| UsageError::setting("--from", error))?,
        profile: name.parse::<CsvProfile>().map_err(|error| UsageError::setting("--profile", error))?,
        format: args.format.map_or_else(statements::PackFormat::default, Into::into),
        card_rows: args.card_rows.map_or_else(statements::CardRows::default, Into::into),
        include_coming: args.include_coming,
        include_deleted: args.include_deleted,
        names: args.names.map_or_else(statements::Names::default, Into::into),
        force: args.force,
    })
}

fn page(report: &PackReport, args: &StatementsArgs) -> String {
    let mut text = format!(
        "{}: {}, {}, {}\n",
        args.out.display(),
        human::counted(report.accounts as u64, "account", "accounts"),
        human::counted(report.rows, "row", "rows"),
        human::counted(report.files as u64, "file", "files"),
    );
    for (count, what) in [
        (report.marks.guarded, "text cells with an apostrophe in front"),
        (
            report.marks.replaced_characters + report.marks.replaced_nuls,
            "characters that the files cannot hold",
        ),
        (report.amounts_as_text, "amounts of more than 15 digits, as text"),
        (report.cut_texts, "texts cut at the longest that a cell holds"),
    ] {
        if count > 0 {
            text.push_str(&format!("  {} {what}\n", human::count(count)));
        }
    }
    if !report.is_complete() {
        let accounts = report.missing.len() as u64;
        text.push_str(&format!("incomplete: {}\n", human::counted(accounts, "account", "accounts")));
    }
    for user in &report.users_missing {
        text.push_str(&format!("  user {user}: nothing in this snapshot\n"));
    }
    for (account, missing) in report.missing.iter().take(NAMED) {
        text.push_str(&format!("  account {account}: {missing}\n"));
    }
    if report.missing.len() > NAMED {
        text.push_str("  … the pack's summary names them all\n");
    }
    text
}
