//! What one operation may ask for.

/// How much one operation may ask for.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Its most levels.
    pub depth: usize,
    /// Its most fields, those inside a list as often as the list has entries.
    pub complexity: usize,
    /// The entries of a list that is asked for without a number.
    pub usual_page: usize,
    /// The most entries of a list.
    pub largest_page: usize,
}
