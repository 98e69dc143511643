//! Examples from the documents of the API, read from the copies in `tests/documents/`.

use serde_json::Value;

/// The text of `tests/documents/loyalty.txt`.
pub const LOYALTY: &str = include_str!("../documents/loyalty.txt");

/// The text of `tests/documents/discounts.txt`.
pub const DISCOUNTS: &str = include_str!("../documents/discounts.txt");

/// Returns the JSON of the `index`-th example under a heading, counted from 0, without comments and without the dots of
/// shortened lists.
///
/// # Panics
/// If there is no such example.
pub fn example(document: &str, heading: &str, index: usize) -> Value {
    let section = document.split_once(&format!("\n{heading}\n")).expect("the heading").1;
    let mut rest = section;
    for passed in 0.. {
        let start = rest.find("\n{").or_else(|| rest.find("\n[")).expect("an example") + 1;
        let end = start + rest[start..].find("\n}").or_else(|| rest[start..].find("\n]")).expect("its end") + 2;
        if passed == index {
            let text: Vec<_> =
                rest[start..end].lines().map(without_comment).filter(|line| line.trim() != "...").collect();
            let text = text.join("\n").replace("},\n     ]", "}\n     ]").replace("},\n    ]", "}\n    ]");
            let text = text.replace("},\n        \n", "}\n");
            return serde_json::from_str(&text).unwrap_or_else(|error| panic!("{heading}: {error}\n{text}"));
        }
        rest = &rest[end..];
    }
    unreachable!("the loop ends by returning")
}

fn without_comment(line: &str) -> &str {
    line.split_once(" //").map_or(line, |(code, _)| code)
}
