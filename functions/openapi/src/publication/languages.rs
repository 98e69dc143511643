//! The languages of the description. The English texts stand in the code, their Chinese in `zh.json`.

use std::collections::BTreeMap;

use serde_json::Value;

/// The introduction of the description, in English.
pub(super) const INFO: &str = include_str!("../../texts/info.md");
/// The introduction in Chinese.
const INFO_ZH: &str = include_str!("../../texts/info.zh.md");
/// The Chinese of every other text, by its English.
const ZH: &str = include_str!("../../texts/zh.json");

/// The keys of texts that people read.
const KEYS: [&str; 2] = ["summary", "description"];
/// The keys of data that is sent or answered. It is not translated.
const DATA: [&str; 4] = ["example", "value", "default", "enum"];

/// A language of the description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English, as in the code.
    English,
    /// Chinese, in the words of the original API documents.
    Chinese,
}

/// Returns the Chinese of every English text.
///
/// # Panics
/// Panics if `zh.json` is no object of texts.
pub fn translations() -> BTreeMap<String, String> {
    let mut texts: BTreeMap<String, String> = serde_json::from_str(ZH).expect("zh.json holds texts");
    texts.insert(INFO.to_owned(), INFO_ZH.to_owned());
    texts
}

/// Returns every paragraph of a description that people read.
pub fn texts(description: &Value) -> Vec<String> {
    let mut found = Vec::new();
    each(&mut description.clone(), &mut |text| found.extend(paragraphs(text).map(str::to_owned)));
    found
}

/// Splits a text into its paragraphs. The introduction is translated as a whole.
fn paragraphs(text: &str) -> impl Iterator<Item = &str> {
    let whole = (text == INFO).then_some(text);
    let parts = (text != INFO).then(|| text.split("\n\n"));
    whole.into_iter().chain(parts.into_iter().flatten())
}

/// Translates every text.
///
/// # Errors
/// The texts without a translation.
pub(super) fn translate(description: &mut Value, language: Language) -> Result<(), Vec<String>> {
    if language == Language::English {
        return Ok(());
    }
    let known = translations();
    let mut missing = Vec::new();
    each(description, &mut |text| {
        let translated = paragraphs(text).map(|paragraph| {
            known.get(paragraph).map_or_else(
                || {
                    missing.push(paragraph.to_owned());
                    paragraph
                },
                String::as_str,
            )
        });
        *text = translated.collect::<Vec<_>>().join("\n\n");
    });
    if missing.is_empty() { Ok(()) } else { Err(missing) }
}

/// Joins the lines of each paragraph of a doc comment.
pub(super) fn unwrap_lines(description: &mut Value) {
    each(description, &mut |text| {
        let paragraphs = text.split("\n\n").map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "));
        *text = paragraphs.collect::<Vec<_>>().join("\n\n");
    });
}

fn each(value: &mut Value, work: &mut impl FnMut(&mut String)) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                match value {
                    Value::String(text) if KEYS.contains(&key.as_str()) => work(text),
                    // A field may have the name of a key of data.
                    Value::Object(fields) if key == "properties" => {
                        fields.values_mut().for_each(|field| each(field, work));
                    }
                    _ if DATA.contains(&key.as_str()) => {}
                    _ => each(value, work),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| each(item, work)),
        _ => {}
    }
}
