//! stdout, for what was asked for and nothing else. A reader that went away (`… | head`) is no error.

use std::io::{self, IsTerminal, Write};

use clap::builder::styling::{AnsiColor, Style};

/// What headings of bad news say.
const BAD_NEWS: [&str; 4] = ["partial", "ncomplete", "damaged", "need somebody"];

/// Writes the text to stdout, whole.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Writes a page for people; on a terminal, with its headings in bold and those of bad news in yellow.
pub(crate) fn print_page(page: &str) -> io::Result<()> {
    // https://no-color.org
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
        || std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
    match io::stdout().is_terminal() && !plain {
        true => print(&styled(page)),
        false => print(page),
    }
}

/// What stands at a page's margin is a heading.
fn styled(page: &str) -> String {
    let line = |line: &str| {
        let heading = line.trim_end_matches('\n');
        if heading.is_empty() || heading.starts_with(' ') {
            return line.to_owned();
        }
        let bad = BAD_NEWS.iter().any(|word| heading.contains(word));
        let style = Style::new().bold().fg_color(bad.then_some(AnsiColor::Yellow.into()));
        format!("{style}{heading}{style:#}{}", &line[heading.len()..])
    };
    page.split_inclusive('\n').map(line).collect()
}

/// Writes the value to stdout as indented JSON.
pub(crate) fn print_json<T: serde::Serialize>(value: &T) -> io::Result<()> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    print(&text)
}

/// Writes a line to stderr; nothing is to be done when even that fails.
pub(crate) fn say(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Columns that a line may take: those of the terminal, between 60 and 120; 100 where there is none.
pub(crate) fn width() -> usize {
    terminal_size::terminal_size().map_or(100, |(width, _)| usize::from(width.0)).clamp(60, 120)
}

#[cfg(test)]
mod tests {
    use super::styled;

    #[test]
    fn headings_stand_out_and_nothing_is_lost() {
        let page = "Snapshot 1 is published: partial\n\n  users  3\n\nConnections by health\n  healthy  2\n";
        let styled = styled(page);
        assert_eq!(
            styled,
            "\u{1b}[1m\u{1b}[33mSnapshot 1 is published: partial\u{1b}[0m\n\n  users  3\n\n\
             \u{1b}[1mConnections by health\u{1b}[0m\n  healthy  2\n"
        );
    }
}
