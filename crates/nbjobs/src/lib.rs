//! The product.

pub mod cli;
