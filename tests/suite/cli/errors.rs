//! The errors file of an import or an issue. It holds the refused rows as they were, it can be imported after
//! corrections, and no correction in it is ever lost.

use std::{
    fs,
    path::{Path, PathBuf},
};

use indicatif::ProgressBar;
use serde_json::{Value, json};
use tests::Api;
use youhui::bulk::{
    BulkError, Format, Summary,
    import::{Options, What, import},
};

use crate::{
    cli::issue::{issue_over, refused_rows},
    support::{
        CODES, CUSTOMERS, customer,
        discounts::{coupon, shop_of},
        files::{Folder, beside, came_to, error_lines, errors, errors_in, import_over, imported, points, text},
        one,
    },
};

async fn with(api: &Api, what: What, from: &Path, options: Options) -> Result<Summary, BulkError> {
    let shop = "demo".parse().expect("a shop");
    import(&api.server.store, &shop, what, from, &options, &ProgressBar::hidden()).await
}

/// Imports with this errors file.
async fn with_errors(api: &Api, from: &Path, errors: &Path) -> Result<Summary, BulkError> {
    with(api, What::Customers, from, Options { errors: Some(errors.to_owned()), ..Options::default() }).await
}

#[tokio::test]
async fn refused_json_lines_stay_json_lines() {
    let api = Api::empty().await;
    api.put(&one(CUSTOMERS, 1), &customer("139")).await.assert_status(201);
    let folder = Folder::new();
    let rows = [
        json!({"id": 1, "gender": "x".repeat(17), "email": null}),
        json!({"id": 2, "nickname": "小明", "note": "=1"}),
        json!([3]),
    ];
    let path = folder.write("c.jsonl", rows.iter().map(|row| format!("{row}\n")).collect::<String>());
    let summary = imported(&api, What::Customers, &path).await;
    came_to(&summary, 3, 3);
    assert_eq!(summary.unread, 1);
    let refused = beside(&path, ".errors.jsonl");
    let expected = [
        ("gender", "Ensure this field has no more than 16 characters.", rows[0].clone()),
        ("nickname", "There is no such column.", rows[1].clone()),
        ("", "Line 3: The row is not a JSON object.", json!({})),
    ];
    let mut lines = Vec::new();
    for ((field, message, row), number) in expected.into_iter().zip(1..) {
        let mut line = json!({"error_row": number, "error_field": field, "error_message": message});
        line.as_object_mut().expect("an object").extend(row.as_object().expect("an object").clone());
        lines.push(line);
    }
    let said = |path: &Path| {
        let mut said = error_lines(path);
        let of = |line: &mut Value| line.as_object_mut().and_then(|line| line.shift_remove("error_of"));
        assert!(said.iter_mut().all(|line| of(line).is_some()), "which file they are of");
        said
    };
    assert_eq!(said(&refused), lines);
    // Uncorrected, every row is refused again, and the reasons are not repeated in the file.
    came_to(&imported(&api, What::Customers, &refused).await, 3, 3);
    assert_eq!(said(&beside(&refused, ".errors.jsonl")), lines);
    // Corrected, it changes the fields in its rows and nothing else.
    fs::write(&refused, text(&refused).replace(&"x".repeat(17), "male").replace("nickname", "full_name"))
        .expect("written");
    came_to(&imported(&api, What::Customers, &refused).await, 3, 1);
    let stored = api.get(&one(CUSTOMERS, 1)).await.assert_status(200);
    assert_eq!((&stored["mobile"], &stored["gender"], &stored["email"]), (&json!("139"), &json!("male"), &Value::Null));
    let stored = api.get(&one(CUSTOMERS, 2)).await.assert_status(200);
    assert_eq!((&stored["full_name"], &stored["note"]), (&json!("小明"), &json!("=1")));
}

#[tokio::test]
async fn an_errors_file_is_put_in_the_place_of_no_other_file() {
    let api = Api::empty().await;
    let folder = Folder::new();
    let from = folder.write("c.csv", "id,mobile\n1,139\n,138\n");
    let precious = folder.write("precious.csv", "id\n7\n");
    for (errors, said) in [
        (folder.path(".").join("c.csv"), "this is the file that is read"),
        (precious.clone(), "exists already: remove it, or give another --errors"),
        (folder.path(""), "exists already"),
        (folder.path("none/e.csv"), "there is no such folder"),
        (folder.path("e.jsonl"), "name it .csv"),
        (folder.path("e.csv.gz"), "name it .csv"),
    ] {
        let refused = with_errors(&api, &from, &errors).await.expect_err("a place that is taken").to_string();
        assert!(refused.contains(said), "{refused}");
    }
    assert_eq!((text(&from).lines().count(), text(&precious).as_str()), (3, "id\n7\n"));
    assert!(api.get(CUSTOMERS).await.ids().is_empty() && !beside(&from, ".progress").exists());
    came_to(&with_errors(&api, &from, &folder.path("errors")).await.expect("an import"), 2, 1);
    assert_eq!(errors_in(&folder.path("errors")).len(), 1);
    // A process that died early leaves an empty errors file.
    fs::remove_file(beside(&from, ".progress")).expect("removed");
    let empty = folder.write("empty.csv", "");
    came_to(&with_errors(&api, &from, &empty).await.expect("an import"), 2, 1);
    assert_eq!(errors_in(&empty).len(), 1);
}

/// Adds a customer's id to the errors file of `path`, as a person would.
fn mend(path: &Path) -> (PathBuf, String) {
    let errors = beside(path, ".errors.csv");
    fs::write(&errors, text(&errors).replace(",,138", ",7,138")).expect("written");
    (errors.clone(), text(&errors))
}

#[tokio::test]
async fn a_mended_errors_file_is_kept_when_its_place_is_needed() {
    let api = Api::empty().await;
    let folder = Folder::new();
    let path = folder.write("c.csv", "id,mobile\n1,139\n,138\n");
    came_to(&imported(&api, What::Customers, &path).await, 2, 1);
    let kept = |number: u32| folder.path(&format!("c.csv.errors.{number}.csv"));
    // An import into another store, without the journal, and with one more row.
    let there = Api::empty().await;
    for (number, api) in [(1, &there), (2, &there), (3, &there)] {
        let (_, mended) = mend(&path);
        match number {
            2 => fs::remove_file(beside(&path, ".progress")).expect("removed"),
            3 => drop(folder.write("c.csv", "id,mobile\n1,139\n,138\n2,137\n")),
            _ => {}
        }
        let warning = imported(api, What::Customers, &path).await.warning.expect("a warning");
        assert!(warning.contains(&kept(number).display().to_string()), "{warning}");
        assert_eq!(text(&kept(number)), mended);
        assert_eq!(errors(&path).len(), 1);
    }
    // An errors file that nobody edited is replaced.
    folder.write("c.csv", "id,mobile\n1,139\n,138\n,137\n");
    assert_eq!(imported(&there, What::Customers, &path).await.warning, None);
    assert_eq!(errors(&path).len(), 2);
    assert!(!kept(4).exists());
}

#[tokio::test]
async fn what_was_mended_while_a_command_was_ended_is_kept() {
    let api = shop_of(2).await;
    let folder = Folder::new();
    let path = folder.write("p.csv", "customer_id,points\n9,1\n1,5\n8,1\n2,7\n");
    came_to(&imported(&api, What::Points, &path).await, 4, 2);
    // The state after two noted rows.
    let journal = beside(&path, ".progress");
    let refused = beside(&path, ".errors.csv");
    let whole = text(&refused);
    let first: String = whole.split_inclusive('\n').take(2).collect();
    let head = text(&journal).split_inclusive('\n').next().expect("a head").to_owned();
    let sha256 = format!("{:x}", <sha2::Sha256 as sha2::Digest>::digest(&first));
    let note = json!({"note": {"rows": 2, "accepted": 1, "refused": 1, "errors_bytes": first.len(), "errors_sha256": sha256,
                               "output_bytes": 0, "finished": false}});
    let ended_early = || fs::write(&journal, format!("{head}{note}\n")).expect("written");
    ended_early();
    fs::write(&refused, format!("{first}8,cut in the mid")).expect("written");
    assert_eq!(imported(&api, What::Points, &path).await.warning, None);
    assert_eq!(text(&refused), whole);
    ended_early();
    fs::write(&refused, first.replace(",9,", ",2,")).expect("written");
    let summary = imported(&api, What::Points, &path).await;
    came_to(&summary, 4, 2);
    assert!(summary.warning.is_some_and(|warning| warning.contains("p.csv.errors.1.csv")));
    assert_eq!(text(&refused), whole);
    assert_eq!(text(&folder.path("p.csv.errors.1.csv")), first.replace(",9,", ",2,"));
    assert_eq!((points(&api, 1).await, points(&api, 2).await), (5, 7));
}

#[tokio::test]
async fn the_errors_file_that_is_named_is_there() {
    let api = shop_of(1).await;
    let folder = Folder::new();
    let path = folder.write("p.csv", "customer_id,points\n1,5\n9,5\n");
    came_to(&imported(&api, What::Points, &path).await, 2, 1);
    let refused = beside(&path, ".errors.csv");
    let whole = text(&refused);
    fs::remove_file(&refused).expect("removed");
    let again = imported(&api, What::Points, &path).await;
    came_to(&again, 2, 1);
    assert!(again.warning.is_some_and(|warning| warning.contains("are not done again")));
    assert_eq!(text(&refused), whole);
    let other = folder.path("other.csv");
    let options = Options { errors: Some(other.clone()), ..Options::default() };
    let elsewhere = with(&api, What::Points, &path, options).await.expect("an import");
    assert_eq!((elsewhere.errors.as_deref(), text(&other)), (Some(other.as_path()), whole));
    assert!(imported(&api, What::Points, &path).await.done_before);
    assert_eq!(points(&api, 1).await, 5);
}

#[tokio::test]
async fn an_import_of_the_codes_that_were_issued_leaves_what_the_issue_wrote() {
    let api = shop_of(2).await;
    coupon(&api, "spring", &json!({})).await;
    let folder = Folder::new();
    let (from, to) = (folder.write("c.csv", "id\n1\n9\n2\n"), folder.path("codes.csv"));
    came_to(&issue_over(&api.server.store, &from, &to, false).await.expect("issued"), 3, 1);
    let before = text(&refused_rows(&to));
    came_to(&imported(&api, What::Codes, &to).await, 2, 0);
    assert_eq!(text(&refused_rows(&to)), before);
    assert!(issue_over(&api.server.store, &from, &to, false).await.expect("issued").done_before);
    let there = shop_of(2).await;
    came_to(&import_over(&there.server.store, "demo", What::Codes, &to).await.expect("an import"), 2, 2);
    assert_eq!(text(&refused_rows(&to)), before);
    assert_eq!(api.get(CODES).await.assert_status(200)["count"], 2);
}

#[tokio::test]
async fn a_format_that_is_not_the_files_is_refused_before_anything_is_done() {
    let api = shop_of(1).await;
    let folder = Folder::new();
    let options = |format| Options { format: Some(format), ..Options::default() };
    let (csv, jsonl) = (
        folder.write("p.csv", "customer_id,points\n1,5\n"),
        folder.write("p.jsonl", "\n {\"customer_id\": 1, \"points\": 2}"),
    );
    for (path, wrong, said) in [(&csv, Format::Jsonl, "--format csv"), (&jsonl, Format::Csv, "--format jsonl")] {
        let error = with(&api, What::Points, path, options(wrong)).await.expect_err("another format").to_string();
        assert!(error.contains(said), "{error}");
        came_to(&imported(&api, What::Points, path).await, 1, 0);
    }
    assert_eq!(points(&api, 1).await, 7);
}

#[tokio::test]
async fn a_row_that_could_not_be_read_keeps_its_reason() {
    let api = Api::empty().await;
    let folder = Folder::new();
    let csv = folder.write("c.csv", "id,mobile\n1,139\n2,138,x\n,137\n");
    came_to(&imported(&api, What::Customers, &csv).await, 3, 2);
    let refused = beside(&csv, ".errors.csv");
    let summary = imported(&api, What::Customers, &refused).await;
    came_to(&summary, 2, 2);
    assert_eq!((summary.unread, &errors(&refused)[0].2), (1, &errors(&csv)[0].2));
    let lines = folder.write("c.jsonl", "{\"id\": 3}\n{\"id\": 4, \n");
    came_to(&imported(&api, What::Customers, &lines).await, 2, 1);
    let refused = beside(&lines, ".errors.jsonl");
    let summary = imported(&api, What::Customers, &refused).await;
    came_to(&summary, 1, 1);
    let reason = |path: &Path| error_lines(&beside(path, ".errors.jsonl"))[0]["error_message"].clone();
    assert_eq!((summary.unread, reason(&refused)), (1, reason(&lines)));
    // An empty object is a readable row.
    let nothing = folder.write("d.jsonl", "{}\n");
    assert_eq!(imported(&api, What::Customers, &nothing).await.unread, 0);
}
