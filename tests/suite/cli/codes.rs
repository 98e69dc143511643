//! `youhui export codes`, `import codes` and `report codes`.

use indicatif::ProgressBar;
use serde_json::{Value, json};
use tests::Api;
use youhui::bulk::{
    export::{self, export},
    import::What,
    report,
};

use crate::support::{
    CODES, COUPONS,
    audits::{audit, is_clean},
    discounts::{Coupon, FUTURE, PAST, change_rule, coupon, issue, issued_ids, set_status, shop_of},
    files::{Folder, beside, came_to, error_lines, errors, exported, import_over, imported, text},
    one,
};

/// Creates a shop with three coupons: one without limits, one whose rule ends, one with a limit of two codes.
async fn coupons() -> (Api, [Coupon; 3]) {
    let api = shop_of(3).await;
    let spring = coupon(&api, "-spring", &json!({"title": "=spring"})).await;
    let ended = coupon(&api, "ended", &json!({"starts_at": PAST, "ends_at": FUTURE})).await;
    let few = coupon(&api, "few", &json!({"allocation_limit": 2, "once_per_customer": true})).await;
    (api, [spring, ended, few])
}

async fn end(api: &Api, ended: Coupon) {
    change_rule(api, ended.rule, &json!({"ends_at": "2020-06-01T00:00:00+08:00"})).await;
}

/// Returns the columns of exported codes that are the same in every shop.
fn portable(csv: &str) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let names = reader.headers().expect("a header").clone();
    let keep: Vec<_> = names.iter().map(|name| !["id", "coupon_id", "created_at"].contains(&name)).collect();
    let rows = reader.records().map(|row| row.expect("a row"));
    let kept = |row: csv::StringRecord| {
        row.iter().zip(&keep).filter(|(_, keep)| **keep).map(|(cell, _)| cell.to_owned()).collect()
    };
    // The import sends codes concurrently, so that their order varies.
    let mut rows: Vec<Vec<String>> = rows.map(kept).collect();
    rows.sort();
    rows
}

#[tokio::test]
async fn codes_move_to_another_shop_with_their_texts_uses_and_ends() {
    let (api, [spring, ended, few]) = coupons().await;
    let ids =
        issued_ids(&issue(&api, &[(1, spring.id), (2, spring.id), (1, ended.id), (3, ended.id), (2, few.id)]).await);
    api.put(&one(CODES, ids[0]), &json!({"code": "+free text"})).await.assert_status(200);
    for id in [ids[1], ids[2], ids[4]] {
        set_status(&api, id, "used").await.assert_status(200);
    }
    end(&api, ended).await;
    let folder = Folder::new();
    let path = folder.path("codes.csv");
    assert_eq!(exported(&api, "demo", What::Codes, &path).await, 5);
    assert!(text(&path).contains(",'+free text,unused,1,") && text(&path).contains(",'-spring,"));
    for name in ["codes.csv", "codes.jsonl.gz"] {
        let (there, [_, ended, few]) = coupons().await;
        // The coupons have other ids in the second shop.
        coupon(&there, "another", &json!({})).await;
        end(&there, ended).await;
        let path = folder.path(name);
        if !path.exists() {
            exported(&api, "demo", What::Codes, &path).await;
        }
        came_to(&imported(&there, What::Codes, &path).await, 5, 0);
        let again = folder.path(&format!("again-{name}.csv"));
        exported(&there, "demo", What::Codes, &again).await;
        assert_eq!(portable(&text(&again)), portable(&text(&folder.path("codes.csv"))));
        is_clean(&audit(&there, false).await);
        // Imported codes count: the customer has used the rule, and one code of the limit is left.
        let pair = json!([{"customer_id": 2, "coupon_id": few.id}]);
        let last = there.post(CODES, &pair).await.assert_status(201)["results"][0]["id"].as_u64().expect("an id");
        assert_eq!(set_status(&there, last, "used").await.status, 409);
        assert_eq!(there.post(CODES, &pair).await.status, 409);
        // A second import changes nothing.
        std::fs::remove_file(beside(&path, ".progress")).expect("removed");
        came_to(&imported(&there, What::Codes, &path).await, 5, 0);
        assert_eq!(there.get(CODES).await.assert_status(200)["count"], 6);
    }
}

#[tokio::test]
async fn rows_are_refused_for_what_is_wrong_with_them() {
    let (api, [spring, _, few]) = coupons().await;
    let folder = Folder::new();
    let id = spring.id;
    let path = folder.write(
        "codes.csv",
        format!(
            "code,customer_id,code_prefix,coupon_id,status,used_at\n\
             A,1,,{id},,\n\
             A,2,,{id},,\n\
             B,1,nowhere,{id},,\n\
             C,1,,,,\n\
             D,9,,{id},,\n\
             ,1,,{id},,\n\
             E,1,,{id},gone,\n\
             F,1,,{id},used,2999-01-01\n\
             G,1,few,,used,\n\
             H,1,few,,used,\n\
             I,2,few,,,\n\
             J,3,few,,,\n"
        ),
    );
    let summary = imported(&api, What::Codes, &path).await;
    assert_eq!(summary.rows, 12);
    let found: Vec<_> = errors(&path).into_iter().filter(|(row, ..)| ![1, 2, 9, 10, 11, 12].contains(row)).collect();
    let expected = [
        (3, "code_prefix", "There is no coupon with this prefix."),
        (4, "coupon_id", "This field is required."),
        (5, "customer_id", "Invalid pk \"9\" - object does not exist."),
        (6, "code", "This field is required."),
        (7, "status", "\"gone\" is not a valid choice. Choices: unused, used, expired."),
    ];
    let (last, first) = found.split_last().expect("errors");
    assert_eq!(first, expected.map(|(row, field, message)| (row, field.to_owned(), message.to_owned())));
    assert_eq!((last.0, last.1.as_str()), (8, "used_at"));
    // One code has the text A. Each customer has one use of the rule. The limit of the coupon holds.
    let with_text = errors(&path).into_iter().filter(|(row, ..)| [1, 2].contains(row)).collect::<Vec<_>>();
    assert_eq!(with_text, [(2, "code".to_owned(), "This code is in the file already.".to_owned())]);
    let few = api.get(&format!("{CODES}?coupon={}&order_by=id", few.id)).await.assert_status(200);
    assert_eq!(few["count"], 2);
    assert_eq!(errors(&path).iter().filter(|(row, ..)| *row > 8).count(), 2);
    assert_eq!(summary.accepted, 3);
    is_clean(&audit(&api, false).await);
}

#[tokio::test]
async fn what_is_missing_is_named_as_the_file_has_it() {
    let (api, _) = coupons().await;
    let folder = Folder::new();
    let path = folder.write("codes.csv", "code,customer_id,code_prefix\nA,1,\nB,9,\nC,1,-spring\n");
    came_to(&imported(&api, What::Codes, &path).await, 3, 2);
    let blank = "This field may not be blank.";
    let [(_, field, message), (_, fields, _)] = errors(&path).try_into().expect("two rows");
    assert_eq!((field.as_str(), message.as_str()), ("code_prefix", blank));
    assert!(fields.contains("code_prefix") && fields.contains("customer_id"), "{fields}");
    let path = folder.write("ids.csv", "code,customer_id,coupon_id\nD,1,\n");
    came_to(&imported(&api, What::Codes, &path).await, 1, 1);
    assert_eq!(errors(&path)[0].1, "coupon_id");
}

#[tokio::test]
async fn a_text_that_went_with_its_code_is_not_given_again() {
    let (api, [spring, ..]) = coupons().await;
    let folder = Folder::new();
    let path = folder.write("codes.jsonl", json!({"code": "A", "customer_id": 1, "coupon_id": spring.id}).to_string());
    came_to(&imported(&api, What::Codes, &path).await, 1, 0);
    let id = api.get(CODES).await.ids()[0];
    api.delete(&one(CODES, id)).await.assert_status(204);
    std::fs::remove_file(beside(&path, ".progress")).expect("removed");
    came_to(&imported(&api, What::Codes, &path).await, 1, 1);
    let refused = error_lines(&beside(&path, ".errors.jsonl"));
    assert_eq!(refused[0]["error_message"], "Another code has this text, or had it once.");
}

#[tokio::test]
async fn of_a_code_that_is_there_only_what_is_to_be_mended_is_said() {
    let (api, _) = coupons().await;
    let folder = Folder::new();
    let header = "code,customer_id,code_prefix,status\n";
    let path = folder.write("a.csv", format!("{header}A,1,-spring,unused\n"));
    came_to(&imported(&api, What::Codes, &path).await, 1, 0);
    let path = folder.write("b.csv", format!("{header}A,1,-spring,active\nA,2,-spring,unused\n2.1E+5,1E+5,-spring,\n"));
    came_to(&imported(&api, What::Codes, &path).await, 3, 3);
    let fields = errors(&path).into_iter().map(|(_, field, _)| field).collect::<Vec<_>>();
    assert_eq!(fields, ["status", "code", "code customer_id"]);
}

#[tokio::test]
async fn a_code_that_was_used_since_an_earlier_file_is_used() {
    let (api, [spring, ended, few]) = coupons().await;
    let folder = Folder::new();
    let header = "code,customer_id,code_prefix,status,used_at\n";
    let rehearsal = folder.write("a.csv", format!("{header}A,1,-spring,,\nB,1,ended,,\nC,1,few,,\nD,1,few,,\n"));
    came_to(&imported(&api, What::Codes, &rehearsal).await, 4, 0);
    end(&api, ended).await;
    let used = "2020-02-03T04:05:06Z";
    let rows = ["A,1,-spring", "B,1,ended", "C,1,few", "D,1,few"].map(|row| format!("{row},used,{used}\n")).concat();
    let last = folder.write("b.csv", format!("{header}{rows}"));
    // The second use of a rule that allows one use for each customer is refused. The code stays unused.
    came_to(&imported(&api, What::Codes, &last).await, 4, 1);
    assert_eq!(errors(&last)[0].0, 4);
    let codes = api.get(&format!("{CODES}?status=used&order_by=id")).await.assert_status(200);
    assert_eq!(codes["count"], 3);
    assert!(
        codes["results"].as_array().expect("rows").iter().all(|code| code["used_at"] == "2020-02-03T12:05:06+08:00")
    );
    assert_eq!(api.get(&format!("{CODES}?coupon={}&status=unused", few.id)).await.assert_status(200)["count"], 1);
    // After its use is given back, the same file does not use the code again.
    let id = api.get(&format!("{CODES}?coupon={}", spring.id)).await.ids()[0];
    set_status(&api, id, "unused").await.assert_status(200);
    std::fs::remove_file(beside(&last, ".progress")).expect("removed");
    came_to(&imported(&api, What::Codes, &last).await, 4, 1);
    assert_eq!(api.get(&one(CODES, id)).await.assert_status(200)["status"], "unused");
    is_clean(&audit(&api, false).await);
}

#[tokio::test]
async fn an_export_selects_by_status_coupon_and_customer() {
    let (api, [spring, ended, _]) = coupons().await;
    let ids = issued_ids(&issue(&api, &[(1, spring.id), (2, spring.id), (1, ended.id)]).await);
    set_status(&api, ids[1], "used").await.assert_status(200);
    let folder = Folder::new();
    let (shop, bar) = ("demo".parse().expect("a shop"), ProgressBar::hidden());
    let used = export::Filter { status: Some("used".to_owned()), ..export::Filter::default() };
    let of_coupon = export::Filter { coupon: Some(spring.id), ..export::Filter::default() };
    let both = export::Filter { customer: Some(1), ..of_coupon.clone() };
    for (index, (filter, expected)) in [(used, 1), (of_coupon, 2), (both, 1)].into_iter().enumerate() {
        let options = export::Options { filter, ..export::Options::default() };
        let path = folder.path(&format!("{index}.csv"));
        let rows = export(&api.server.store, &shop, What::Codes, &path, &options, &bar).await.expect("an export");
        assert_eq!((rows, text(&path).lines().count()), (expected, expected as usize + 1));
    }
    let wrong = export::Filter { status: Some("a&b".to_owned()), ..export::Filter::default() };
    let options = export::Options { filter: wrong, ..export::Options::default() };
    let path = folder.path("wrong.csv");
    let refused = export(&api.server.store, &shop, What::Codes, &path, &options, &bar).await;
    assert!(refused.is_err_and(|error| error.to_string().contains("a&b is not one of the available choices")));
    for (filter, said) in [
        (export::Filter { coupon: Some(99), ..export::Filter::default() }, "there is no coupon 99"),
        (export::Filter { customer: Some(99), ..export::Filter::default() }, "there is no customer 99"),
    ] {
        let options = export::Options { filter, ..export::Options::default() };
        let refused = export(&api.server.store, &shop, What::Codes, &path, &options, &bar).await;
        assert!(refused.is_err_and(|error| error.to_string() == said));
    }
    assert_eq!(std::fs::read_dir(folder.path("")).expect("a folder").count(), 3, "nothing is left behind");
}

#[tokio::test]
async fn the_route_of_imports_is_no_route_of_the_api() {
    let (api, [spring, ..]) = coupons().await;
    let body = json!({"code": "A", "customer_id": 1, "coupon_id": spring.id});
    let reply = api.post("/api/discounts/coupon_code/import/", &body).await;
    assert!([404, 405].contains(&reply.status), "{}", reply.text);
    assert_eq!(api.get(CODES).await.assert_status(200)["count"], 0);
    let path = Folder::new();
    let path = path.write("codes.jsonl", body.to_string());
    let nowhere = import_over(&api.server.store, "other", What::Codes, &path).await.expect("an import");
    came_to(&nowhere, 1, 1);
}

#[tokio::test]
async fn the_report_counts_what_there_is() {
    let (api, [spring, ended, few]) = coupons().await;
    let ids = issued_ids(&issue(&api, &[(1, spring.id), (2, spring.id), (1, ended.id), (2, few.id)]).await);
    set_status(&api, ids[1], "used").await.assert_status(200);
    api.post(&format!("{COUPONS}few/redeem/"), &json!({"customer_id": 3})).await.assert_status(201);
    end(&api, ended).await;
    let shop = "demo".parse().expect("a shop");
    let report = report::codes(&api.server.store, &shop, &ProgressBar::hidden()).await.expect("a report");
    let line = |coupon: &Coupon, prefix: &str, title: &str, counts: [u64; 5], left: Value| {
        let [issued, unused, used, expired, claimed] = counts;
        json!({
            "coupon_id": coupon.id, "code_prefix": prefix, "title": title, "issued": issued, "unused": unused,
            "used": used, "expired": expired, "claimed": claimed, "places_left": left,
        })
    };
    let expected = json!({
        "coupons": [
            line(&spring, "-spring", "=spring", [2, 1, 1, 0, 0], Value::Null),
            line(&ended, "ended", "rule", [1, 0, 0, 1, 0], Value::Null),
            line(&few, "few", "rule", [2, 2, 0, 0, 1], json!(0)),
        ],
        "totals": {"issued": 5, "unused": 3, "used": 1, "expired": 1, "claimed": 1},
    });
    assert_eq!(serde_json::to_value(report).expect("JSON"), expected);
}
