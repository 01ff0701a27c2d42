//! Query strings: filters, `sort_by`, `max_items` and `next_token`, a decimal offset.

use super::error::Refusal;
use crate::model::notebook_job::{Direction, Page};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;

/// Most items of a page, and how many it has unless asked otherwise (jupyter-scheduler's default). A list that is asked
/// for without a limit has a next page.
const ITEMS_MAX: u32 = 1000;

/// The pairs of a query string.
#[derive(Debug)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn parse(text: &str) -> Self {
        let decode = |part: &str| {
            let spaced = part.replace('+', " ");
            percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
        };
        let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
        Self(pairs.map(|(k, v)| (decode(k), decode(v))).collect())
    }

    /// The first value of a key; one that is empty counts as absent.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.all(key).next()
    }

    /// All values of a key.
    pub(super) fn all(&self, key: &str) -> impl Iterator<Item = &str> {
        let pairs = self.0.iter().filter(move |(name, _)| name == key);
        pairs
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// An instant, in milliseconds.
    pub(super) fn instant(&self, key: &str) -> Result<Option<Timestamp>, Refusal> {
        let Some(text) = self.get(key) else {
            return Ok(None);
        };
        let at = text.parse().ok().map(Timestamp::from_millisecond);
        match at {
            Some(Ok(at)) => Ok(Some(at)),
            _ => Err(Refusal::invalid(format!(
                "{key}: {text:?} is not a number of milliseconds since 1970"
            ))),
        }
    }

    /// The page asked for.
    pub(super) fn page(&self) -> Result<Page, Refusal> {
        let limit = match self.get("max_items") {
            None => ITEMS_MAX,
            Some(text) => {
                let number = text.parse::<i64>().map_err(|_| {
                    Refusal::invalid(format!("max_items: {text:?} is not a whole number"))
                })?;
                u32::try_from(number).map_or(ITEMS_MAX, |number| number.min(ITEMS_MAX))
            }
        };
        let offset = match self.get("next_token") {
            None => 0,
            Some(text) => text.parse().map_err(|_| {
                Refusal::invalid(format!(
                    "next_token: {text:?} is not a token that a page has answered"
                ))
            })?,
        };
        Ok(Page { offset, limit })
    }

    /// What `sort_by` asks for: `asc(field)`, `desc(field)` or `field`, which ascends.
    pub(super) fn sort<C: Copy>(
        &self,
        columns: &[(&str, C)],
    ) -> Result<Vec<(C, Direction)>, Refusal> {
        self.all("sort_by")
            .map(|text| {
                let inside = |word: &str| text.strip_prefix(word)?.strip_suffix(')');
                let (name, direction) = match (inside("asc("), inside("desc(")) {
                    (Some(name), _) => (name, Direction::Ascending),
                    (_, Some(name)) => (name, Direction::Descending),
                    _ => (text, Direction::Ascending),
                };
                let column = columns.iter().find(|(known, _)| *known == name);
                column
                    .map(|(_, column)| (*column, direction))
                    .ok_or_else(|| {
                        let known: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
                        Refusal::invalid(format!(
                            "sort_by: {name:?} is none of {}",
                            known.join(", ")
                        ))
                    })
            })
            .collect()
    }
}

/// The token of the page behind this one, if there is one.
pub(super) fn next_token(page: Page, total: i64) -> Option<String> {
    let end = i64::from(page.offset) + i64::from(page.limit);
    (end < total).then(|| end.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_and_orders() {
        let query = Query::parse(
            "max_items=25&next_token=50&sort_by=desc%28name%29&sort_by=x&17954&tags=a+b&tags=c",
        );
        let page = query.page().expect("a page");
        assert_eq!((page.offset, page.limit), (50, 25));
        assert_eq!(next_token(page, 76).as_deref(), Some("75"));
        assert_eq!(next_token(page, 75), None);
        assert_eq!(query.all("tags").collect::<Vec<_>>(), ["a b", "c"]);
        let sorted = query.sort(&[("name", 1), ("x", 2)]).expect("an order");
        assert_eq!(
            sorted,
            [(1, Direction::Descending), (2, Direction::Ascending)]
        );
        assert!(query.sort(&[("name", 1)]).is_err());
        for (text, limit) in [
            ("", 1000),
            ("max_items=-1", 1000),
            ("max_items=0", 0),
            ("max_items=5000", 1000),
        ] {
            assert_eq!(Query::parse(text).page().expect("a page").limit, limit);
        }
        assert!(Query::parse("max_items=abc").page().is_err());
        assert!(Query::parse("next_token=x").page().is_err());
    }
}
