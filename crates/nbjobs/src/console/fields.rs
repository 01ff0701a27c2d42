//! Names and values of a query or a form, in their order. A name may come more than once.

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads `application/x-www-form-urlencoded`; whatever the bytes are, they are some fields.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        Self(form_urlencoded::parse(bytes).into_owned().collect())
    }

    /// The fields of a URI's query.
    pub(super) fn of_uri(uri: &http::Uri) -> Self {
        Self::parse(uri.query().unwrap_or_default().as_bytes())
    }

    /// The first value of a name, without the spaces around it; none if it is missing or empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(n, _)| n == name)?;
        Some(value.trim()).filter(|value| !value.is_empty())
    }

    /// Whether a name is there, with a value or not.
    pub(super) fn has(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }

    /// All values of a name.
    pub(super) fn all<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        let of_name = self.0.iter().filter(move |(n, _)| n == name);
        of_name.map(|(_, value)| value.as_str())
    }

    /// The same fields as a query, with `changes` in place of those of the same names; an empty value takes a field out.
    pub(super) fn with(&self, changes: &[(&str, &str)]) -> String {
        let kept = self.0.iter().filter(|(name, value)| {
            !value.is_empty() && changes.iter().all(|(changed, _)| changed != name)
        });
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(kept);
        query.extend_pairs(changes.iter().filter(|(_, value)| !value.is_empty()));
        query.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_with_changes() {
        let fields = Fields::parse(b"q=a+b%26c&status=&page=x&q=d");
        assert_eq!(fields.get("q"), Some("a b&c"));
        assert_eq!(fields.get("status"), None);
        assert_eq!(fields.all("q").count(), 2);
        assert_eq!(
            fields.with(&[("page", ""), ("sort", "ü")]),
            "q=a+b%26c&q=d&sort=%C3%BC"
        );
    }
}
