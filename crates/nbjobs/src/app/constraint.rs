//! AWS's wording for a value that breaks a constraint of the service model.

use super::Error;

/// `1 validation error detected: Value '…' at '…' failed to satisfy constraint: …`
pub fn broken(value: &str, at: &str, constraint: &str) -> Error {
    Error::Invalid(format!(
        "1 validation error detected: Value '{value}' at '{at}' failed to satisfy constraint: {constraint}"
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
    let start: String = text.chars().take(64).collect();
    Err(broken(
        &format!("{start}…"),
        at,
        &format!("Member must have length less than or equal to {max}"),
    ))
}
