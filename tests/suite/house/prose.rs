//! Plain English: the form of doc comments, and citations of documents that are in the repository.

use std::collections::BTreeMap;

use super::files;

/// The folders with Rust code.
const CODE: [&str; 5] = ["clients", "functions", "shared", "tests", "tools"];

/// First words that make a doc block open with a clause instead of a noun or a verb.
const CLAUSES: [&str; 13] =
    ["What", "Who", "Whom", "Whose", "How", "Where", "Which", "Whether", "When", "Why", "That", "If", "As"];

/// The upper bounds in percent of all doc blocks.
const MOST_CLAUSES: usize = 3;
const MOST_SHORT: usize = 2;

/// Documents outside the repository, by their names without the extension.
const OUTSIDE: [(&str, &str); 7] = [
    ("readings", "md"),
    ("beyond", "md"),
    ("conventions", "md"),
    ("second", "md"),
    ("house", "md"),
    ("loyalty", "txt"),
    ("discounts", "txt"),
];

/// The doc blocks of a source text: their number, and the faulty ones with their line numbers.
#[derive(Debug, Default, PartialEq)]
struct Figures {
    blocks: usize,
    clauses: Vec<(usize, String)>,
    short: Vec<(usize, String)>,
}

/// Returns the doc blocks of a source text with the numbers of their first lines. A block is a run of consecutive lines
/// that all begin with `///` or all with `//!`.
fn doc_blocks(source: &str) -> Vec<(usize, String)> {
    let mut blocks: Vec<(usize, String)> = Vec::new();
    let mut before = None;
    for (index, line) in source.lines().enumerate() {
        let line = line.trim_start();
        let mark = ["///", "//!"].into_iter().find(|mark| line.starts_with(mark) && !line.starts_with("////"));
        if let Some(mark) = mark {
            let text = line[mark.len()..].trim();
            match blocks.last_mut() {
                Some((_, block)) if before == Some(mark) => *block += &format!(" {text}"),
                _ => blocks.push((index + 1, text.to_owned())),
            }
        }
        before = mark;
    }
    blocks
}

/// Returns the first word of a text. Markup before it is skipped.
fn first_word(text: &str) -> &str {
    let text = text.trim_start_matches(|character: char| !character.is_alphanumeric());
    text.split(|character: char| !character.is_alphanumeric()).next().unwrap_or_default()
}

fn figures(source: &str) -> Figures {
    let mut figures = Figures::default();
    for (line, block) in doc_blocks(source) {
        figures.blocks += 1;
        if CLAUSES.contains(&first_word(&block)) {
            figures.clauses.push((line, block.clone()));
        }
        if block.split_whitespace().count() <= 2 {
            figures.short.push((line, block));
        }
    }
    figures
}

/// Returns the first faulty blocks of the files with the most of them, one on a line.
fn worst(faulty: &BTreeMap<String, Vec<(usize, String)>>) -> String {
    let mut files: Vec<_> = faulty.iter().filter(|(_, blocks)| !blocks.is_empty()).collect();
    files.sort_by_key(|(_, blocks)| std::cmp::Reverse(blocks.len()));
    let mut text = String::new();
    for (name, blocks) in files.into_iter().take(20) {
        text += &format!("{name}: {}\n", blocks.len());
        for (line, block) in blocks.iter().take(5) {
            text += &format!("    {line}: {}\n", block.chars().take(80).collect::<String>());
        }
    }
    text
}

#[test]
fn doc_blocks_open_with_a_noun_or_a_verb_and_are_sentences() {
    let (mut blocks, mut clauses, mut short) = (0, BTreeMap::new(), BTreeMap::new());
    for (name, text) in CODE.into_iter().flat_map(|folder| files(folder, "rs")) {
        let found = figures(&text);
        blocks += found.blocks;
        clauses.insert(name.clone(), found.clauses);
        short.insert(name, found.short);
    }
    let count = |faulty: &BTreeMap<_, Vec<_>>| faulty.values().map(Vec::len).sum::<usize>();
    assert!(blocks > 1_000, "{blocks} doc blocks");
    assert!(
        count(&clauses) * 100 < blocks * MOST_CLAUSES,
        "{} of {blocks} doc blocks open with a clause:\n{}",
        count(&clauses),
        worst(&clauses)
    );
    assert!(
        count(&short) * 100 < blocks * MOST_SHORT,
        "{} of {blocks} doc blocks have one or two words:\n{}",
        count(&short),
        worst(&short)
    );
}

/// Returns the lines of a text that cite a document outside the repository. `name` is the path of the text. A line that
/// gives the path of a document in the repository may also use the bare name, as the text of the link.
fn outside_citations(name: &str, text: &str) -> Vec<usize> {
    let is_outside = |line: &str, stem: &str, extension: &str| {
        let document = format!("{stem}.{extension}");
        let is_inside = match stem {
            "conventions" => name.starts_with("docs/api/") || line.contains(&format!("api/{document}")),
            "loyalty" | "discounts" => line.contains(&format!("documents/{document}")),
            _ => false,
        };
        // The name of another file may end with this one.
        let is_another = |before: &str| before.ends_with(|last: char| last.is_alphanumeric() || "-_".contains(last));
        !is_inside && line.match_indices(&document).any(|(at, _)| !is_another(&line[..at]))
    };
    let cites = |line: &str| OUTSIDE.iter().any(|(stem, extension)| is_outside(line, stem, extension));
    text.lines().enumerate().filter(|(_, line)| cites(line)).map(|(index, _)| index + 1).collect()
}

#[test]
fn cited_documents_are_in_the_repository() {
    let mut texts: Vec<_> = CODE.into_iter().flat_map(|folder| files(folder, "rs")).collect();
    texts.extend(files("", "md").into_iter().filter(|(name, _)| name != "CHANGELOG.md"));
    let mut found = Vec::new();
    for (name, text) in texts {
        found.extend(outside_citations(&name, &text).into_iter().map(|line| format!("{name}:{line}")));
    }
    assert!(found.is_empty(), "documents outside the repository are cited:\n{}", found.join("\n"));
}

#[test]
fn the_figures_are_counted_as_they_are_defined() {
    let source = [
        "//! What this is.",
        "//! Whose it is.",
        "/// `Whether` it runs.",
        "/// That is all.",
        "fn a() {}",
        "",
        "    /// Whatever it is, this is one block.",
        "    ///",
        "    /// When it opens is no matter.",
        "    #[test]",
        "    /// The status.",
        "    //// What is no doc comment.",
        "// What is no doc comment either.",
        "/// [Where](link) it listens.",
        "/// Ids.",
    ];
    let found = figures(&source.join("\n"));
    assert_eq!(found.blocks, 5);
    assert_eq!(found.clauses.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [1, 3, 14]);
    assert_eq!(found.short, [(11, "The status.".to_owned())]);
    assert_eq!(figures("fn b() {} // What\nlet a = \"/// What\";\n"), Figures::default());
    assert!(worst(&BTreeMap::from([("a.rs".to_owned(), found.clauses)])).starts_with("a.rs: 3\n    1: What this is."));
}

#[test]
fn a_citation_from_outside_is_seen() {
    let [page, rulings, text] = [OUTSIDE[2], OUTSIDE[0], OUTSIDE[5]].map(|(stem, end)| format!("{stem}.{end}"));
    for (name, line, seen) in [
        ("shared/src/a.rs", format!("/// As {page} says."), true),
        ("shared/src/a.rs", format!("/// See `docs/api/{page}`."), false),
        ("README.md", format!("[rules](docs/api/{page}#paths)"), false),
        ("docs/a.md", format!("[rules]({page})"), true),
        ("docs/api/lists.md", format!("[rules]({page})"), false),
        ("docs/api/lists.md", format!("see {rulings}"), true),
        ("docs/a.md", format!("`{text}`"), true),
        ("docs/a.md", format!("tests/documents/{text}"), false),
        ("docs/a.md", format!("my-{rulings} and our_{rulings}"), false),
        ("docs/a.md", format!("[{text}](../tests/documents/{text})"), false),
        ("docs/a.md", "nothing".to_owned(), false),
    ] {
        let expected: &[usize] = if seen { &[2] } else { &[] };
        assert_eq!(outside_citations(name, &format!("\n{line}\n")), expected, "{name}: {line}");
    }
}
