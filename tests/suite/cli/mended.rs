//! Corrected rows. A corrected row keeps its identity and counts once, in however many files it stands.

use std::{
    fs,
    path::{Path, PathBuf},
};

use indicatif::ProgressBar;
use serde_json::json;
use tests::Api;
use youhui::bulk::{
    Summary,
    import::{Options, What, import},
};

use crate::{
    cli::issue::{codes, issue_over, refused_rows, there},
    support::{
        CUSTOMERS, HISTORY,
        discounts::{coupon, shop_of},
        files::{Folder, beside, came_to, error_lines, errors, errors_in, imported, points, text},
    },
};

/// Corrects an errors file.
fn mend(errors: &Path, wrong: &str, right: &str) -> PathBuf {
    let refused = text(errors);
    assert!(refused.contains(wrong), "{refused}");
    fs::write(errors, refused.replace(wrong, right)).expect("written");
    errors.to_owned()
}

async fn entries(api: &Api) -> u64 {
    api.get(HISTORY).await.assert_status(200)["count"].as_u64().expect("a count")
}

#[tokio::test]
async fn a_row_that_is_mended_in_two_copies_of_its_file_counts_once() {
    let api = shop_of(3).await;
    let file = "customer_id,points\n1,100\n2,\"1,200\"\n99,5\n";
    let moved_in = async |folder: &Folder, refused| {
        let path = folder.write("p.csv", file);
        came_to(&imported(&api, What::Points, &path).await, 3, refused);
        beside(&path, ".errors.csv")
    };
    let here = Folder::new();
    let refused = mend(&moved_in(&here, 2).await, "\"1,200\"", "1200");
    came_to(&imported(&api, What::Points, &refused).await, 2, 1);
    assert_eq!((points(&api, 2).await, entries(&api).await), (1_200, 2));
    // A colleague has the same file, saved by a spreadsheet with other line ends.
    let elsewhere = Folder::new();
    let refused = mend(&mend(&moved_in(&elsewhere, 2).await, "\"1,200\"", "1200"), "\n", "\r\n");
    came_to(&imported(&api, What::Points, &refused).await, 2, 1);
    assert_eq!((points(&api, 2).await, entries(&api).await), (1_200, 2));
    // A row that is still refused keeps its number in the errors file of the errors file.
    assert_eq!(errors(&refused)[0].0, 3);
    let again = mend(&beside(&refused, ".errors.csv"), ",99,5", ",3,5");
    came_to(&imported(&api, What::Points, &again).await, 1, 0);
    assert_eq!((points(&api, 3).await, entries(&api).await), (5, 3));
    // A row that was corrected in another way is not imported again. The reason is reported.
    let third = Folder::new();
    let refused = moved_in(&third, 2).await;
    assert!(
        errors_in(&refused).iter().all(|(.., why)| why.contains("a corrected copy of it was accepted since")),
        "{}",
        text(&refused)
    );
    let refused = mend(&mend(&refused, "\"1,200\"", "12"), ",99,5", ",3,5");
    came_to(&imported(&api, What::Points, &refused).await, 2, 1);
    assert!(
        errors(&refused)[0].2.contains("A corrected copy of this row was accepted before"),
        "{:?}",
        errors(&refused)
    );
    assert_eq!((points(&api, 2).await, points(&api, 3).await, entries(&api).await), (1_200, 5, 3));
    // `--anew` imports it nevertheless.
    let (shop, options) = ("demo".parse().expect("a shop"), Options { anew: true, ..Options::default() });
    let bar = ProgressBar::hidden();
    let summary = import(&api.server.store, &shop, What::Points, &refused, &options, &bar).await.expect("an import");
    came_to(&summary, 2, 0);
    assert_eq!((points(&api, 2).await, points(&api, 3).await, entries(&api).await), (1_212, 10, 5));
}

#[tokio::test]
async fn what_says_which_row_it_is_may_not_be_changed() {
    let api = shop_of(2).await;
    for name in ["p.csv", "p.jsonl"] {
        let folder = Folder::new();
        let rows =
            if name == "p.csv" { "customer_id,points\n2,x\n" } else { "{\"customer_id\": 2, \"points\": \"x\"}\n" };
        let path = folder.write(name, rows);
        came_to(&imported(&api, What::Points, &path).await, 1, 1);
        let end = &name[1..];
        let refused = beside(&path, &format!(".errors{end}"));
        let mended = text(&refused).replace(",x\n", ",5\n").replace("\"x\"", "5");
        assert_ne!(mended, text(&refused));
        for (number, of) in [("0.5", "file-"), ("1", "file-0")] {
            let odd = mended.replace("file-", of).replace("\n1,", &format!("\n{number},"));
            let odd = odd.replace("\"error_row\":1", &format!("\"error_row\":{number}"));
            let odd = folder.write(&format!("odd-{of}{name}"), odd);
            came_to(&imported(&api, What::Points, &odd).await, 1, 1);
            let said = text(&beside(&odd, &format!(".errors{end}")));
            assert!(said.contains("Restore the value that the errors file had here"), "{said}");
        }
    }
    assert_eq!(entries(&api).await, 0);
}

#[tokio::test]
async fn a_customer_whose_row_is_mended_in_two_copies_gets_one_code() {
    let api = shop_of(2).await;
    coupon(&api, "spring", &json!({})).await;
    let issued = async |folder: &Folder, from: &Path, to: &str| -> Summary {
        issue_over(&api.server.store, from, &folder.path(to), false).await.expect("issued")
    };
    for folder in [Folder::new(), Folder::new()] {
        let path = folder.write("c.csv", "id\n1\n77\n78\n");
        came_to(&issued(&folder, &path, "codes.csv").await, 3, 2);
        let refused = mend(&refused_rows(&folder.path("codes.csv")), ",77\n", ",2\n");
        came_to(&issued(&folder, &refused, "more.csv").await, 2, 1);
        assert_eq!(errors_in(&refused_rows(&folder.path("more.csv")))[0].0, 3);
        assert_eq!(codes(&folder.path("more.csv")), there(&api).await[1..]);
    }
    assert_eq!(there(&api).await.len(), 2);
    // The missing customer exists by now, so that the row needs no correction.
    api.post(CUSTOMERS, &json!([{"id": 78}])).await.assert_status(201);
    let folder = Folder::new();
    let path = folder.write("c.csv", "id\n1\n77\n78\n");
    came_to(&issued(&folder, &path, "codes.csv").await, 3, 2);
    came_to(&issued(&folder, &refused_rows(&folder.path("codes.csv")), "more.csv").await, 2, 1);
    assert_eq!(there(&api).await.len(), 3);
}

#[tokio::test]
async fn rows_of_empty_cells_are_none() {
    let api = shop_of(3).await;
    let folder = Folder::new();
    let path = folder.write("p.csv", "customer_id,points\n1,1\n,\n\" \",\n2,x\n,,,\n");
    came_to(&imported(&api, What::Points, &path).await, 2, 1);
    assert_eq!(errors(&path)[0].0, 2);
    let lines = folder.write("p.jsonl", "{\"customer_id\": 3, \"points\": 1}\n\n{}\n");
    came_to(&imported(&api, What::Points, &lines).await, 2, 1);
    assert_eq!(error_lines(&beside(&lines, ".errors.jsonl")).len(), 1, "an empty object says something is missing");
}
