//! AWS's wording for a value that breaks a constraint of the service model.

use super::Error;

/// Most characters of a refused value that its message repeats.
const SHOWN_MAX: usize = 256;

/// `1 validation error detected: Value '…' at '…' failed to satisfy constraint: …`
pub fn broken(value: &str, at: &str, constraint: &str) -> Error {
    let mut shown: String = value.chars().take(SHOWN_MAX).collect();
    if shown.len() < value.len() {
        shown.push('…');
    }
    Error::Invalid(format!(
        "1 validation error detected: Value '{shown}' at '{at}' failed to satisfy constraint: {constraint}"
    ))
}

/// Refuses a value that does not match a pattern.
pub fn pattern(holds: bool, value: &str, at: &str, pattern: &str) -> Result<(), Error> {
    let constraint = || format!("Member must satisfy regular expression pattern: {pattern}");
    if holds {
        Ok(())
    } else {
        Err(broken(value, at, &constraint()))
    }
}

/// Refuses a text longer than `max` characters.
pub fn at_most(text: &str, at: &str, max: usize) -> Result<(), Error> {
    if text.chars().count() <= max {
        return Ok(());
    }
    let constraint = format!("Member must have length less than or equal to {max}");
    Err(broken(text, at, &constraint))
}
