//! Executes Jupyter notebooks.
