//! ARNs.
