//! Cells of CSV that a spreadsheet would run as a formula: defused on the way out, given back on the way in.

/// OWASP's rule for CSV injection: a cell must not begin with `=`, `+`, `-`, `@`, tab or carriage return.
///
/// Apostrophes before such a sign count too. So a cell that begins with an apostrophe before such a sign always got one
/// from [`defused`], and [`restored`] gives every text back as it was.
fn is_formula(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// The cell with an apostrophe before it when a spreadsheet would run it; `None` when it is harmless.
pub fn defused(text: &str) -> Option<String> {
    is_formula(text).then(|| format!("'{text}"))
}

/// A cell that went through [`defused`], as it was before.
pub fn restored(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(text) if is_formula(text) => text,
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_a_spreadsheet_would_run_gets_an_apostrophe() {
        assert_eq!(defused("=1+1").as_deref(), Some("'=1+1"));
        assert_eq!(defused("'=1+1").as_deref(), Some("''=1+1"));
        assert_eq!(defused("'tis fine"), None);
        assert_eq!(restored("'tis fine"), "'tis fine");
    }

    proptest! {
        #[test]
        fn every_text_comes_back(text in "['=+@\\-\\t\\ra ]{0,6}.*") {
            let written = defused(&text).unwrap_or_else(|| text.clone());
            prop_assert!(!written.starts_with(['=', '+', '-', '@', '\t', '\r']));
            prop_assert_eq!(restored(&written), text);
        }
    }
}
