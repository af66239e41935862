//! The filters of a transaction list.

use super::amount;
use super::answer::Answer;
use super::calendar::{days_of, digits, month_length, parse_day};
use super::request::Request;
use super::world::rows::Transaction;

/// Which date a window applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WindowField {
    Application,
    Date,
}

/// What the parameters of a transaction list ask for, paging apart.
#[derive(Debug, Clone)]
pub(crate) struct Filters {
    pub(crate) all: bool,
    pub(crate) windowed: bool,
    deleted: Option<bool>,
    field: WindowField,
    from: Option<i32>,
    to: Option<i32>,
    updated_after: Option<String>,
    income: Option<bool>,
    least: Option<i128>,
    most: Option<i128>,
    values: Option<Vec<i128>>,
    wording: Option<String>,
    search: Option<String>,
}

impl Filters {
    pub(crate) fn of(request: &Request) -> Result<Self, Answer> {
        let parameter = |name: &str| request.parameter(name).filter(|value| !value.is_empty());
        let field = match parameter("filter").as_deref() {
            None | Some("application_date") => WindowField::Application,
            Some("date") => WindowField::Date,
            Some(_) => return Err(Answer::invalid("filter")),
        };
        let bound = |name: &str, end: bool| match parameter(name) {
            None => Ok(None),
            Some(text) => day_bound(&text, end).map(Some).ok_or_else(|| Answer::invalid(name)),
        };
        let flag = |name: &str| match parameter(name).as_deref() {
            None => Ok(None),
            Some("true" | "1") => Ok(Some(true)),
            Some("false" | "0") => Ok(Some(false)),
            Some(_) => Err(Answer::invalid(name)),
        };
        let number = |name: &str| match parameter(name) {
            None => Ok(None),
            Some(text) => amount::parse(&text).map(Some).ok_or_else(|| Answer::invalid(name)),
        };
        let updated_after = match parameter("last_update") {
            None => None,
            Some(text) if text.get(..10).and_then(parse_day).is_some() => Some(text.replacen('T', " ", 1)),
            Some(_) => return Err(Answer::invalid("last_update")),
        };
        let values = match parameter("value") {
            None => None,
            Some(text) => Some(wanted_values(&text).ok_or_else(|| Answer::invalid("value"))?),
        };
        Ok(Self {
            all: request.flag("all"),
            deleted: flag("deleted")?,
            field,
            from: bound("min_date", false)?,
            to: bound("max_date", true)?,
            windowed: parameter("min_date").is_some() || parameter("max_date").is_some(),
            updated_after,
            income: flag("income")?,
            least: number("min_value")?,
            most: number("max_value")?,
            values,
            wording: parameter("wording").map(|text| text.to_lowercase()),
            search: parameter("search").map(|text| text.to_lowercase()),
        })
    }

    /// True when a row is in scope at all: deleted rows need `all`, or to be asked for.
    pub(crate) fn shows(&self, row: &Transaction) -> bool {
        match self.deleted {
            Some(wanted) => row.deleted.is_some() == wanted,
            None => self.all || row.deleted.is_none(),
        }
    }

    /// True when a row that is in scope passes the filters.
    pub(crate) fn matches(&self, row: &Transaction) -> bool {
        self.in_window(row) && self.is_news(row) && self.worth(row) && self.said(row)
    }

    fn in_window(&self, row: &Transaction) -> bool {
        if self.from.is_none() && self.to.is_none() {
            return true;
        }
        let date = match self.field {
            WindowField::Application => row.application_date.as_deref(),
            WindowField::Date => row.date.as_deref(),
        };
        // A date that is null or impossible is in no window.
        date.and_then(parse_day)
            .is_some_and(|day| self.from.is_none_or(|from| day >= from) && self.to.is_none_or(|to| day <= to))
    }

    fn is_news(&self, row: &Transaction) -> bool {
        self.updated_after
            .as_deref()
            .is_none_or(|after| row.last_update.as_deref().is_some_and(|at| at > after))
    }

    fn worth(&self, row: &Transaction) -> bool {
        if self.income.is_none() && self.least.is_none() && self.most.is_none() && self.values.is_none() {
            return true;
        }
        row.value.as_deref().and_then(amount::parse).is_some_and(|value| {
            self.income.is_none_or(|income| (value > 0) == income)
                && self.least.is_none_or(|least| value >= least)
                && self.most.is_none_or(|most| value <= most)
                && self.values.as_ref().is_none_or(|values| values.contains(&value))
        })
    }

    fn said(&self, row: &Transaction) -> bool {
        let contains = |text: &str, part: &str| text.to_lowercase().contains(part);
        let wording = row.wording.as_deref().unwrap_or("");
        self.wording
            .as_deref()
            .is_none_or(|part| contains(wording, part) || contains(&row.original_wording, part))
            && self.search.as_deref().is_none_or(|part| {
                contains(wording, part)
                    || contains(&row.original_wording, part)
                    || row.date.as_deref().is_some_and(|date| date.contains(part))
                    || row.value.as_deref().is_some_and(|value| value.contains(part))
            })
    }
}

/// `YYYY-MM-DD` (a time after it is ignored), `YYYY-MM` or `YYYY`; the last day it names for an upper bound.
fn day_bound(text: &str, end: bool) -> Option<i32> {
    if let Some(day) = text.get(..10) {
        return parse_day(day);
    }
    let year = digits(text.get(..4)?).filter(|year| *year >= 1)?;
    if text.len() == 4 {
        return Some(if end { days_of(year, 12, 31) } else { days_of(year, 1, 1) });
    }
    let month = text.strip_prefix(&text[..4])?.strip_prefix('-').filter(|month| month.len() == 2)?;
    let month = u8::try_from(digits(month)?).ok().filter(|month| (1..=12).contains(month))?;
    Some(days_of(year, month, if end { month_length(year, month) } else { 1 }))
}

/// A value, `XX|-XX`, or `±XX`.
fn wanted_values(text: &str) -> Option<Vec<i128>> {
    if let Some(value) = text.strip_prefix('±') {
        let value = amount::parse(value)?;
        return Some(vec![value, -value]);
    }
    text.split('|').map(amount::parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderMap, Method};

    fn filters(query: &str) -> Result<Filters, u16> {
        let uri = format!("/2.0/users/1/transactions?{query}").parse().unwrap();
        Filters::of(&Request::new(Method::GET, &uri, &HeaderMap::new(), Vec::new()))
            .map_err(|answer| answer.status)
    }

    fn row(date: &str, value: &str, last_update: &str) -> Transaction {
        Transaction {
            date: Some(date.into()),
            application_date: Some("2020-01-01".into()),
            value: Some(value.into()),
            last_update: Some(last_update.into()),
            original_wording: "CB ÉPICERIE".into(),
            ..Transaction::default()
        }
    }

    #[test]
    fn windows_take_days_months_and_years() {
        let row = row("2026-02-28", "1", "2026-03-01 04:00:00");
        for (query, inside) in [
            ("filter=date&min_date=2026-02-28&max_date=2026-02-28", true),
            ("filter=date&min_date=2026-02&max_date=2026-02", true),
            ("filter=date&min_date=2026&max_date=2026", true),
            ("filter=date&max_date=2026-01", false),
            ("filter=date&min_date=2026-03", false),
            ("filter=date&min_date=2027", false),
            ("filter=date&min_date=2026-02-28T10:00:00Z", true),
            ("min_date=2026", false),
            ("max_date=2020", true),
            ("", true),
        ] {
            assert_eq!(filters(query).unwrap().matches(&row), inside, "{query}");
        }
        for wrong in [
            "min_date=2026-02-30",
            "max_date=26",
            "min_date=2026-13",
            "filter=vdate",
            "last_update=yesterday",
            "income=x",
        ] {
            assert_eq!(filters(wrong).unwrap_err(), 400, "{wrong}");
        }
    }

    #[test]
    fn news_are_strictly_after() {
        let row = row("2026-02-28", "1", "2026-03-01 04:00:00");
        assert!(!filters("last_update=2026-03-01%2004:00:00").unwrap().matches(&row));
        assert!(filters("last_update=2026-03-01T03:59:59").unwrap().matches(&row));
        assert!(filters("last_update=2026-03-01").unwrap().matches(&row));
        let undated = Transaction { last_update: None, ..row };
        assert!(!filters("last_update=1900-01-01").unwrap().matches(&undated));
    }

    #[test]
    fn values_and_words() {
        let row = row("2026-02-28", "-42.50", "2026-03-01 04:00:00");
        for (query, inside) in [
            ("income=false", true),
            ("income=true", false),
            ("min_value=-42.5&max_value=-42.5", true),
            ("max_value=-43", false),
            ("value=42.5|-42.5", true),
            ("value=%C2%B142.5", true),
            ("value=42.5", false),
            ("wording=%C3%A9picerie", true),
            ("search=42.5", true),
            ("search=rien", false),
        ] {
            assert_eq!(filters(query).unwrap().matches(&row), inside, "{query}");
        }
    }
}
