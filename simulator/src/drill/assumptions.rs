//! What a drill assumes: one table of numbers, each with its source.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use audit_core::recovery;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::kernel::samplers::{Distribution, LogNormal, Quantile, Triangular, Uniform};
use crate::kernel::streams::Stream;
use crate::kernel::time::Span;

/// The numbers that hold where no file replaces them.
pub const DEFAULTS: &str = include_str!("assumptions.toml");

/// Standard normal quantile of 0.9.
const Z90: f64 = 1.281_551_565_544_600_4;

/// One assumption.
#[derive(Clone, Debug, PartialEq)]
pub struct Assumption {
    value: Distribution,
    /// True if it is a time; the distribution is then in seconds.
    is_time: bool,
    /// As it was written.
    text: String,
    mark: String,
    source: String,
}

impl Assumption {
    /// The value as its file has it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How well it is founded: `sourced`, `excerpt`, `general`, `assumption` or `given`.
    pub fn mark(&self) -> &str {
        &self.mark
    }

    /// Where it comes from.
    pub fn source(&self) -> &str {
        &self.source
    }
}

/// A file of assumptions that cannot be used.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Invalid {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong, and what was expected.
    pub message: String,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

impl std::error::Error for Invalid {}

/// All assumptions of a drill, by name, and which of them it used.
#[derive(Clone, Debug, PartialEq)]
pub struct Assumptions {
    values: BTreeMap<String, Assumption>,
}

impl Default for Assumptions {
    /// The numbers of [`DEFAULTS`].
    fn default() -> Self {
        let none = Self { values: BTreeMap::new() };
        // The suite reads the file too: it is valid.
        none.replaced(DEFAULTS, true).unwrap_or(Self { values: BTreeMap::new() })
    }
}

impl Assumptions {
    /// These assumptions with those of a file in their place.
    ///
    /// # Errors
    ///
    /// The first thing in the file that is not a known assumption with a value of its kind.
    pub fn with_file(&self, text: &str) -> Result<Self, Invalid> {
        self.replaced(text, false)
    }

    fn replaced(&self, text: &str, is_default: bool) -> Result<Self, Invalid> {
        let at = |offset: usize, message: String| {
            let before = text.get(..offset).unwrap_or(text);
            let line = before.matches('\n').count() + 1;
            let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
            Invalid { line, column, message }
        };
        let table = DeTable::parse(text).map_err(|error| {
            at(error.span().map_or(0, |span| span.start), error.message().to_owned())
        })?;
        let mut values = self.values.clone();
        for (name, row) in table.get_ref() {
            let place = name.span().start;
            let key: &str = name.get_ref();
            let known = self.values.get(key);
            if known.is_none() && !is_default {
                let near = nearest(key, self.values.keys());
                return Err(at(place, format!("no assumption is called \"{key}\"{near}")));
            }
            let DeValue::Table(cells) = row.get_ref() else {
                return Err(at(place, format!("expected a table [{key}] with a value")));
            };
            let word = |wanted: &str| {
                let cell = cells.get(wanted)?.get_ref();
                cell.as_str().map(str::to_owned)
            };
            for cell in cells.keys() {
                let cell_name: &str = cell.get_ref();
                if !["value", "mark", "source"].contains(&cell_name) {
                    let message = format!("\"{cell_name}\" is not value, mark or source");
                    return Err(at(cell.span().start, message));
                }
            }
            let Some(value) = cells.get("value") else {
                return Err(at(place, format!("[{key}] has no value")));
            };
            let (value_is_time, distribution) =
                distribution(value).map_err(|(offset, message)| at(offset, message))?;
            if known.is_some_and(|known| known.is_time != value_is_time) {
                let expected = if value_is_time { "a number" } else { "a time such as \"15m\"" };
                let message = format!("{key} is {expected}");
                return Err(at(value.span().start, message));
            }
            values.insert(
                key.to_owned(),
                Assumption {
                    value: distribution,
                    is_time: value_is_time,
                    text: text.get(value.span()).unwrap_or_default().replace('"', ""),
                    mark: word("mark").unwrap_or_else(|| "given".to_owned()),
                    source: word("source").unwrap_or_else(|| "given with --assume".to_owned()),
                },
            );
        }
        Ok(Self { values })
    }

    /// Every assumption with its name, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Assumption)> {
        self.values.iter().map(|(name, assumption)| (name.as_str(), assumption))
    }
}

fn nearest<'a>(word: &str, names: impl Iterator<Item = &'a String>) -> String {
    let parts: BTreeSet<&str> = word.split('-').collect();
    let alike = |name: &&String| name.split('-').filter(|part| parts.contains(part)).count();
    let best = names.filter(|name| alike(name) > 0).max_by_key(alike);
    best.map_or_else(
        || "; `idm-drill drill --assumptions` lists them".to_owned(),
        |best| format!("; did you mean {best}?"),
    )
}

/// A number, or a time in seconds.
fn scalar(value: &Spanned<DeValue<'_>>) -> Result<(bool, f64), (usize, String)> {
    let wrong = |what: &str| {
        (value.span().start, format!("{what} is neither a number nor a time such as \"15m\""))
    };
    match value.get_ref() {
        DeValue::String(text) => {
            let span: recovery::Span = text.parse().map_err(|_| wrong(&format!("\"{text}\"")))?;
            Ok((true, f64::from(span.seconds())))
        }
        DeValue::Integer(number) => {
            let number: i64 = number.as_str().parse().map_err(|_| wrong(number.as_str()))?;
            Ok((false, number as f64))
        }
        DeValue::Float(number) => {
            let number: f64 = number.as_str().parse().map_err(|_| wrong(number.as_str()))?;
            Ok((false, number))
        }
        DeValue::Boolean(_) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
            Err(wrong("this"))
        }
    }
}

fn distribution(value: &Spanned<DeValue<'_>>) -> Result<(bool, Distribution), (usize, String)> {
    let start = value.span().start;
    let DeValue::Table(cells) = value.get_ref() else {
        let (is_time, number) = scalar(value)?;
        if !(number >= 0.0 && number.is_finite()) {
            return Err((start, format!("{number} is below zero")));
        }
        return Ok((is_time, Distribution::Constant(number)));
    };
    let mut numbers = BTreeMap::new();
    let mut kinds = BTreeSet::new();
    for (name, cell) in cells {
        let (is_time, number) = scalar(cell)?;
        kinds.insert(is_time);
        let name: &str = name.get_ref();
        numbers.insert(name.to_owned(), number);
    }
    if kinds.len() > 1 {
        return Err((start, "times and numbers are mixed".to_owned()));
    }
    let is_time = kinds.contains(&true);
    let names: Vec<&str> = numbers.keys().map(String::as_str).collect();
    let number = |name: &str| numbers.get(name).copied().unwrap_or_default();
    let invalid = |error: crate::kernel::samplers::Invalid| (start, error.to_string());
    if numbers.values().any(|number| !(*number >= 0.0 && number.is_finite())) {
        return Err((start, "a value is below zero".to_owned()));
    }
    let made = match names.as_slice() {
        ["high", "low"] => {
            Distribution::Uniform(Uniform::new(number("low"), number("high")).map_err(invalid)?)
        }
        ["high", "low", "mode"] => Distribution::Triangular(
            Triangular::new(number("low"), number("mode"), number("high")).map_err(invalid)?,
        ),
        ["median", "p90"] => {
            let (median, p90) = (number("median"), number("p90"));
            if !(median > 0.0 && p90 > median) {
                return Err((start, "p90 has to be above median, and median above 0".to_owned()));
            }
            let sigma = crate::kernel::math::ln(p90 / median) / Z90;
            Distribution::LogNormal(
                LogNormal::from_median_and_sigma(median, sigma).map_err(invalid)?,
            )
        }
        _ => {
            let expected = "expected low and high, low, mode and high, or median and p90";
            return Err((start, expected.to_owned()));
        }
    };
    Ok((is_time, made))
}

/// Assumptions in use: every drill says which of them it rests on.
#[derive(Clone, Debug)]
pub(super) struct Ledger {
    assumptions: Assumptions,
    used: BTreeSet<String>,
    /// What was not known of the deployment, and what stands in its place.
    stated: BTreeSet<String>,
}

impl Ledger {
    pub(super) const fn new(assumptions: Assumptions) -> Self {
        Self { assumptions, used: BTreeSet::new(), stated: BTreeSet::new() }
    }

    fn find(&mut self, name: &str) -> Distribution {
        let Some(assumption) = self.assumptions.values.get(name) else {
            self.state(format!("{name} = 0 (there is no such assumption)"));
            return Distribution::Constant(0.0);
        };
        self.used.insert(name.to_owned());
        assumption.value.clone()
    }

    /// One value of a spread.
    pub(super) fn number(&mut self, name: &str, stream: &mut Stream) -> f64 {
        self.find(name).sample(stream)
    }

    /// One time of a spread.
    pub(super) fn span(&mut self, name: &str, stream: &mut Stream) -> Span {
        self.find(name).sample_span(stream)
    }

    /// The middle of a spread: for what is one number.
    pub(super) fn middle(&mut self, name: &str) -> f64 {
        self.find(name).quantile(0.5)
    }

    /// The middle of a spread, as a count.
    pub(super) fn count(&mut self, name: &str) -> u64 {
        // Values are at least zero; a cast ends at the range's end.
        #[expect(clippy::cast_sign_loss, reason = "no assumption is below zero")]
        let count = self.middle(name) as u64;
        count
    }

    /// The middle of a spread of times.
    pub(super) fn middle_span(&mut self, name: &str) -> Span {
        Span::from_seconds_f64(self.middle(name))
    }

    /// Notes what stands in the place of something that is not known.
    pub(super) fn state(&mut self, what: String) {
        self.stated.insert(what);
    }

    /// What the drill rests on, a line each.
    pub(super) fn lines(&self) -> Vec<String> {
        let stated = self.stated.iter().cloned();
        let used = self.used.iter().filter_map(|name| {
            let found = self.assumptions.values.get(name)?;
            Some(format!("{name} = {} ({}: {})", found.text, found.mark, found.source))
        });
        stated.chain(used).collect()
    }
}
