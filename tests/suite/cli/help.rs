//! The `--help` text of every command: its examples can be run, and its columns are those that are read and written.

use std::{collections::BTreeSet, path::Path};

use crate::support::files::{Folder, beside, import_over, text};
use clap::{Command, error::ErrorKind};
use domain::point_days::DaySums;
use tests::Api;
use youhui::{
    bulk::{
        columns::{self, Table, Use},
        import::What,
    },
    cli::{self, CliError, Ended},
};

/// Returns the words of every command that does something.
fn commands(command: &Command, words: &[String]) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        let words = [words, &[sub.get_name().to_owned()]].concat();
        match sub.has_subcommands() {
            true => all.extend(commands(sub, &words)),
            false => all.push(words),
        }
    }
    all
}

async fn help(words: &[String]) -> String {
    let words = std::iter::once("youhui").chain(words.iter().map(String::as_str)).chain(["--help"]);
    match cli::run(words).await {
        Err(CliError::Usage(error)) if error.kind() == ErrorKind::DisplayHelp => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_command_teaches_and_its_examples_can_be_run() {
    let commands = commands(&cli::command(), &[]);
    assert!(commands.len() > 15, "{commands:?}");
    for words in commands.into_iter().chain([Vec::new()]) {
        let help = help(&words).await;
        let examples: Vec<_> = help.lines().filter_map(|line| line.strip_prefix("  youhui ")).collect();
        assert!(help.contains("Exit codes:") && !examples.is_empty(), "{words:?}: {help}");
        for example in examples {
            let line = example.split(['#', '|', '>']).next().expect("a line").replace("PORT", "8000");
            let parsed = cli::command().try_get_matches_from(["youhui"].into_iter().chain(line.split_whitespace()));
            if let Err(error) = parsed {
                assert_eq!(error.kind(), ErrorKind::DisplayHelp, "{example}: {error}");
            }
            assert!(words.is_empty() || line.starts_with(&words.join(" ")), "{example}");
        }
    }
}

/// Returns the names below a title in a help text, up to an empty line. The starred names come first.
fn listed(help: &str, title: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let lines = help.lines().skip_while(|line| !line.starts_with(title)).skip(1).take_while(|line| !line.is_empty());
    let (mut needed, mut others) = (BTreeSet::new(), BTreeSet::new());
    for line in lines {
        let name = line.split_whitespace().next().expect("a name").to_owned();
        if line.trim_start()[name.len()..].trim_start().starts_with('*') {
            needed.insert(name)
        } else {
            others.insert(name)
        };
    }
    (needed, others)
}

fn names(table: &Table, usage: Use) -> BTreeSet<String> {
    table.columns.iter().filter(|column| column.usage == usage).map(|column| column.name.to_owned()).collect()
}

#[tokio::test]
async fn the_columns_in_the_help_are_those_that_are_read_and_written() {
    let api = Api::empty().await;
    let folder = Folder::new();
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let import = async |what, header: &str| {
        let path = folder.write("file.csv", format!("{header}\n"));
        import_over(&api.server.store, "demo", what, &path).await
    };
    for (what, table) in
        [(What::Customers, &columns::CUSTOMERS), (What::Codes, &columns::CODES), (What::Points, &columns::POINTS)]
    {
        let help_of_import = help(&words(&format!("import {}", table.rows))).await;
        let (needed, read) = listed(&help_of_import, "Columns (");
        let (_, shown) = listed(&help_of_import, "An export has these");
        assert_eq!(
            (&needed, &read, &shown),
            (&names(table, Use::Needed), &names(table, Use::Read), &names(table, Use::Shown))
        );
        let all: Vec<_> = needed.iter().chain(&read).chain(&shown).cloned().collect();
        import(what, &all.join(",")).await.expect("all of them");
        let one_more = import(what, &format!("{},other", all.join(","))).await.expect_err("one that there is not");
        assert!(one_more.to_string().contains("\"other\""), "{one_more}");
        for group in table.needs {
            assert!(group.iter().all(|name| needed.contains(*name)), "{group:?}");
            let rest: Vec<_> = all.iter().filter(|name| !group.contains(&name.as_str())).cloned().collect();
            let lacking = import(what, &rest.join(",")).await.expect_err("one that is needed");
            assert!(lacking.to_string().contains(&group.join(" or ")), "{lacking}");
        }
        let (_, written) = listed(&help(&words(&format!("export {}", table.rows))).await, "Columns:");
        let path = folder.path(&format!("{}.csv", table.rows));
        crate::support::files::exported(&api, "demo", what, &path).await;
        let header: BTreeSet<_> = text(&path).trim_end().split(',').map(str::to_owned).collect();
        assert_eq!(written, header);
    }
    let issue = help(&words("issue")).await;
    assert!(issue.contains("issue from it, with another --to") && !issue.contains("import it"), "{issue}");
    assert!(issue.contains("The format of the file of --from") && issue.contains("allocation_limit"), "{issue}");
    assert!(help(&words("report codes")).await.contains("allocation_limit"));
    let (needed, _) = listed(&issue, "Columns (");
    assert_eq!(needed, names(&columns::RECEIVERS, Use::Needed));
}

#[tokio::test]
async fn the_help_of_the_liability_names_what_it_shows() {
    let help = help(&["report".to_owned(), "liability".to_owned()]).await;
    for name in DaySums::NAMES {
        assert!(help.contains(&format!("\n  {name} ")), "{name}: {help}");
    }
}

async fn run(data: &Path, words: &str) -> Result<Ended, CliError> {
    let data = data.to_str().expect("a path");
    let words: Vec<_> = words.split(' ').chain(["--data", data]).collect();
    cli::run(std::iter::once("youhui").chain(words)).await
}

#[tokio::test]
async fn what_cannot_be_read_of_a_command_line_is_said_with_what_is_meant() {
    for (words, meant) in [
        ("shop put demo --zone Beijing", "Asia/Shanghai"),
        ("report liability --from 01.02.2026", "2026-01-31"),
        ("audit --store nothing", "the line \"store\""),
        ("token mint --scopes everything", "everything"),
        ("report liability --from 2026-02-01 --to 2026-01-31", "--from is after --to"),
        ("export codes --to codes.csv --coupon SPRING", "`youhui report codes` shows it"),
        ("export codes --to codes.csv --status gone", "available"),
    ] {
        let error = run(Path::new("none.db"), words).await.expect_err(words);
        assert!(matches!(error, CliError::Usage(_)) && error.to_string().contains(meant), "{error}");
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port();
    let words = format!("youhui serve --memory --store-port {port}");
    let error = cli::run(words.split(' ')).await.expect_err("the port is taken").to_string();
    assert!(error.contains(&port.to_string()) && error.contains("--store-port"), "{error}");
}

#[tokio::test]
async fn the_commands_work_on_a_file_that_no_server_uses() {
    let folder = Folder::new();
    let data = folder.path("shop.db");
    let from = folder.write("c.csv", "id,mobile\n1,139\n2,138\n");
    let points = folder.write("p.csv", "customer_id,points\n1,5\n3,1\n");
    let (from, points_, to) = (from.display(), points.display(), folder.path("out.csv"));
    assert_eq!(run(&data, "shop put demo").await.expect("a shop"), Ended::Done);
    assert_eq!(run(&data, &format!("import customers --from {from}")).await.expect("done"), Ended::Done);
    assert_eq!(run(&data, &format!("import points --from {points_}")).await.expect("done"), Ended::RowsRefused);
    assert!(beside(&points, ".errors.csv").exists());
    assert_eq!(run(&data, &format!("export points --to {}", to.display())).await.expect("done"), Ended::Done);
    assert_eq!(text(&to).lines().nth(1), Some("1,5,5,,"));
    for words in ["report codes", "report codes --format csv", "report liability", "audit", "expire", "shop list"] {
        assert_eq!(run(&data, words).await.expect(words), Ended::Done);
    }
    let whole = folder.path("shop.jsonl.gz");
    assert_eq!(
        run(&data, &format!("export shop --shop demo --to {}", whole.display())).await.expect("done"),
        Ended::Done
    );
    let there = folder.path("there.db");
    assert_eq!(run(&there, &format!("import shop --from {}", whole.display())).await.expect("done"), Ended::Done);
    // An exported shop contains its transfers: an imported row is not imported again.
    let copy = folder.write("copy.csv", text(&points));
    assert_eq!(
        run(&there, &format!("import points --from {}", copy.display())).await.expect("done"),
        Ended::RowsRefused
    );
    let after = folder.path("after.csv");
    assert_eq!(run(&there, &format!("export points --to {}", after.display())).await.expect("done"), Ended::Done);
    assert_eq!(text(&after), text(&to));
    for wrong in ["import nothing", "import customers", "report codes --store http://127.0.0.1:1"] {
        assert!(matches!(run(&data, wrong).await, Err(CliError::Usage(_))), "{wrong}");
    }
    assert!(matches!(run(&data, "export customers --shop nobody --to -").await, Err(CliError::Bulk(_))));
}

#[tokio::test]
async fn what_is_no_store_is_said_to_be_none() {
    let api = Api::empty().await;
    let at = async |store: &str, words: &str| {
        let words: Vec<_> = words.split(' ').chain(["--store", store]).collect();
        cli::run(std::iter::once("youhui").chain(words)).await
    };
    for nobodys in ["http://127.0.0.1:1", &api.server.url()] {
        let error = at(nobodys, "shop list").await.expect_err("no store");
        assert!(matches!(&error, CliError::NoAnswer(url) if url == nobodys), "{error}");
    }
    assert!(matches!(at("http://127.0.0.1:PORT", "shop list").await, Err(CliError::Usage(_))));
    let store = api.server.store_endpoint().expect("the embedded store");
    for words in ["audit", "report liability", "token list", "token mint --scopes read"] {
        let error = at(&store, &format!("{words} --shop nowhere")).await.expect_err("no shop");
        assert!(matches!(&error, CliError::NoShop(shop) if shop.to_string() == "nowhere"), "{words}: {error}");
    }
    let error = at(&store, "token revoke 123 --shop demo").await.expect_err("no token").to_string();
    assert!(error.contains("demo has no token 123"), "{error}");
    for (words, said) in [
        ("report liability --from 2999-01-01", "--from is after --to, which is today"),
        ("report liability --from 2999-01-01", "Usage: youhui report liability"),
        ("shop put demo --points-expire-after-months 9999", "--points-expire-after-months: Ensure"),
    ] {
        let error = at(&store, words).await.expect_err(words).to_string();
        assert!(error.contains(said), "{error}");
    }
    let folder = Folder::new();
    let mistyped = folder.path("youhuii.db");
    assert!(matches!(run(&mistyped, "shop list").await, Err(CliError::NoStore(_))));
    assert!(!mistyped.exists(), "a look makes no store");
    let table = api.server.store.table().to_owned();
    api.server.store.client().delete_table().table_name(&table).send().await.expect("no table");
    let error = at(&store, "shop list").await.expect_err("no table");
    assert!(matches!(&error, CliError::NoTable { table: told, .. } if *told == table), "{error}");
    api.stop().await;
}

#[tokio::test]
async fn a_build_without_tls_refuses_aws_at_once() {
    for words in ["shop list --store aws", "serve --store aws --port 0"] {
        let error = cli::run(std::iter::once("youhui").chain(words.split(' '))).await.expect_err("no TLS");
        assert!(matches!(error, CliError::NoTls), "{error}");
    }
}
