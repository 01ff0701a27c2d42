//! The product.

pub mod objects;
