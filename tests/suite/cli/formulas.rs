//! Formulas in CSV: texts that a spreadsheet would run.

use proptest::prelude::*;
use youhui::bulk::formula::{guarded, unguarded};

proptest! {
    #[test]
    fn every_text_comes_back_and_none_is_run(text in "['=+@ a＝\t\r\n-]{0,6}|.*") {
        let cell = guarded(&text);
        prop_assert_eq!(unguarded(&cell), text.as_str());
        prop_assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']));
    }

    #[test]
    fn a_text_that_is_no_formula_stands_as_it_is(text in "[^=+@＝＋－＠\t\r\n'-].*|'[^=+@＝＋－＠\t\r\n'-].*") {
        prop_assert_eq!(guarded(&text), text.as_str());
        prop_assert_eq!(unguarded(&text), text.as_str());
    }
}
