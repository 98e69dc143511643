//! Quotes in CSV: the output of any CSV writer is accepted, and a truncated quote is detected.

use csv::{QuoteStyle, Terminator, WriterBuilder};
use proptest::prelude::*;
use youhui::bulk::quotes::{OPEN, flaw};

/// Returns a row as the csv crate writes it.
fn written(cells: &[String], style: QuoteStyle, end: Terminator) -> Vec<u8> {
    let mut writer = WriterBuilder::new().quote_style(style).terminator(end).from_writer(Vec::new());
    writer.write_record(cells).expect("a row");
    writer.into_inner().expect("its bytes")
}

fn cells() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec("[\",\r\n a＂小]{0,8}|.*", 1..5)
}

proptest! {
    #[test]
    fn what_is_written_as_csv_is_never_refused(cells in cells()) {
        for style in [QuoteStyle::Necessary, QuoteStyle::Always] {
            for end in [Terminator::CRLF, Terminator::Any(b'\n')] {
                prop_assert_eq!(flaw(written(&cells, style, end)), None);
            }
        }
    }

    #[test]
    fn a_row_without_its_last_quote_is_refused(cells in cells()) {
        let mut row = written(&cells, QuoteStyle::Always, Terminator::Any(b'\n'));
        row.truncate(row.len() - 2);
        prop_assert_eq!(flaw(row), Some(OPEN));
    }
}
