//! `youhui export customers` and `import customers`: round trips, refused rows, and hostile files.

use std::io::Write;

use flate2::{Compression, read::MultiGzDecoder, write::GzEncoder};
use serde_json::{Value, json};
use tests::Api;
use youhui::bulk::{
    BulkError,
    import::What,
    quotes::{EARLY, OPEN},
};

use crate::support::{
    CUSTOMERS, customer,
    files::{Folder, beside, came_to, error_lines, errors, exported, import_over, imported, text},
    one,
};

/// Returns a customer whose texts a spreadsheet, CSV or JSON could misread.
fn odd(id: u64, note: &str) -> Value {
    let mut odd = customer("+8613900000001");
    odd["id"] = id.into();
    odd["full_name"] = "王, \"小\"\n明".into();
    odd["note"] = note.into();
    odd["birthday"] = "1990-02-28".into();
    odd["email"] = "@x".into();
    odd
}

async fn odd_shop() -> Api {
    let api = Api::empty().await;
    let notes = ["=1+1", "'=1", "''=1", "'", "'x", "-", "＝x", "@", "+", "a\r\nb", "", "\u{7f}\\u0000", "\u{feff}x"];
    let rows: Vec<_> = notes.iter().zip(1..).map(|(note, id)| odd(id, note)).collect();
    api.post(CUSTOMERS, &Value::Array(rows)).await.assert_status(201);
    api.put(&one(CUSTOMERS, 9_007_199_254_740_991_u64), &customer("")).await.assert_status(201);
    api
}

#[tokio::test]
async fn what_is_exported_and_imported_elsewhere_is_the_same() {
    let api = odd_shop().await;
    let folder = Folder::new();
    for name in ["a.csv", "a.jsonl", "a.csv.gz", "a.jsonl.gz"] {
        let path = folder.path(name);
        assert_eq!(exported(&api, "demo", What::Customers, &path).await, 14);
        let there = Api::empty().await;
        came_to(&import_over(&there.server.store, "other", What::Customers, &path).await.expect("an import"), 14, 0);
        let again = folder.path(&format!("again-{name}"));
        assert_eq!(exported(&there, "other", What::Customers, &again).await, 14);
        let expanded = |path| {
            let bytes = std::fs::read(path).expect("a file");
            if !name.ends_with(".gz") {
                return bytes;
            }
            let mut expanded = Vec::new();
            std::io::copy(&mut MultiGzDecoder::new(bytes.as_slice()), &mut expanded).expect("gzip");
            expanded
        };
        assert_eq!(expanded(&again), expanded(&path), "{name}");
        for id in 1..=13 {
            let here = api.get(&one(CUSTOMERS, id)).await.assert_status(200);
            assert_eq!(
                there.call_as(tests::OTHER_TOKEN, "GET", &one(CUSTOMERS, id), None).await.assert_status(200),
                here
            );
        }
        there.stop().await;
    }
}

#[tokio::test]
async fn csv_is_safe_to_open_and_exported_files_are_not_written_over() {
    let api = odd_shop().await;
    let folder = Folder::new();
    let path = folder.path("a.csv");
    exported(&api, "demo", What::Customers, &path).await;
    let mut reader = csv::Reader::from_path(&path).expect("a file");
    for row in reader.records().map(|row| row.expect("a row")) {
        assert!(row.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@', '＝'])), "{row:?}");
    }
    let options = youhui::bulk::export::Options::default();
    let (shop, bar) = ("demo".parse().expect("a shop"), indicatif::ProgressBar::hidden());
    let before = text(&path);
    let again = youhui::bulk::export::export(&api.server.store, &shop, What::Customers, &path, &options, &bar).await;
    assert!(matches!(again, Err(BulkError::Io { .. })), "{again:?}");
    assert_eq!(text(&path), before);
}

#[tokio::test]
async fn refused_rows_stand_in_the_errors_file_and_the_rest_goes_on() {
    let api = Api::empty().await;
    let folder = Folder::new();
    let mut rows: Vec<String> = (1..=2_050).map(|id| format!("{id},139,name,true")).collect();
    rows[4] = "5,139,name,perhaps".to_owned();
    rows[99] = format!("100,{},=name,", "1".repeat(33));
    rows[1_200] = "7,139,name,true".to_owned();
    rows[2_000] = ",139,name,true".to_owned();
    let path = folder.write("c.csv", format!("id,mobile,full_name,accepts_marketing\n{}\n", rows.join("\n")));
    came_to(&imported(&api, What::Customers, &path).await, 2_050, 4);
    let too_long = "Ensure this field has no more than 32 characters.";
    let expected = [
        (5, "accepts_marketing", "Must be a valid boolean."),
        (100, "mobile", too_long),
        (1_201, "id", "This id is in the file already."),
        (2_001, "id", "This field is required."),
    ];
    assert_eq!(errors(&path), expected.map(|(row, field, message)| (row, field.to_owned(), message.to_owned())));
    assert_eq!(api.get(CUSTOMERS).await.assert_status(200)["count"], 2_046);
    // A corrected errors file can be imported.
    let refused = beside(&path, ".errors.csv");
    assert!(text(&refused).contains(",'=name,"));
    // A second import of the first file leaves it alone.
    let mine = folder.write("c.csv.errors.csv", text(&refused).trim_end());
    assert!(imported(&api, What::Customers, &path).await.done_before);
    assert_eq!(mine, refused);
    let mended = text(&refused).replace(&"1".repeat(33), "138").replace("perhaps", "no");
    std::fs::write(&refused, mended).expect("written");
    came_to(&imported(&api, What::Customers, &refused).await, 4, 1);
    let stored = api.get(&one(CUSTOMERS, 100)).await.assert_status(200);
    assert_eq!((&stored["mobile"], &stored["full_name"]), (&json!("138"), &json!("=name")));
    assert_eq!(errors(&refused), [(2_001, "id".to_owned(), "This field is required.".to_owned())]);
}

#[tokio::test]
async fn a_column_that_is_left_out_says_nothing_and_empty_cells_say_what_the_help_says() {
    let api = Api::empty().await;
    api.post(CUSTOMERS, &Value::Array(vec![odd(1, "kept"), odd(2, "kept")])).await.assert_status(201);
    let folder = Folder::new();
    // A byte order mark, Windows line ends, and a quoted column name.
    let path = folder.write("c.csv", "\u{feff}\"id\",email,birthday,mobile,gender,created_at\r\n1,,,,,\r\n");
    came_to(&imported(&api, What::Customers, &path).await, 1, 0);
    let (one_, two) =
        (api.get(&one(CUSTOMERS, 1)).await.assert_status(200), api.get(&one(CUSTOMERS, 2)).await.assert_status(200));
    assert_eq!((&one_["email"], &one_["birthday"], &one_["mobile"]), (&Value::Null, &Value::Null, &json!("")));
    for field in ["note", "full_name", "gender", "created_at"] {
        assert_eq!(one_[field], two[field], "{field}");
    }
    let path = folder.write("c.jsonl", "\u{feff}{\"id\": 2, \"note\": \"new\"}\r\n\n \n{\"id\": 1, \"email\": null}");
    came_to(&imported(&api, What::Customers, &path).await, 2, 0);
    assert_eq!(api.get(&one(CUSTOMERS, 2)).await.assert_status(200)["note"], "new");
}

/// Asserts that the file is refused with this reason, and that nothing was written to the shop or beside the file.
async fn is_refused(api: &Api, folder: &Folder, name: &str, bytes: &[u8], reason: &str) {
    let path = folder.write(name, bytes);
    match import_over(&api.server.store, "demo", What::Customers, &path).await {
        Err(error) => assert!(error.to_string().contains(reason), "{error}, not {reason}"),
        Ok(summary) => panic!("{summary:?}, not {reason}"),
    }
    assert_eq!(api.get(CUSTOMERS).await.assert_status(200)["count"], 0, "{reason}");
    assert!(!beside(&path, ".progress").exists() && !beside(&path, ".errors.csv").exists(), "{reason}");
}

#[tokio::test]
async fn a_file_that_is_none_of_customers_is_refused_before_anything_is_done() {
    let api = Api::empty().await;
    let folder = Folder::new();
    for (name, bytes, reason) in [
        ("a.csv", b"".as_slice(), "the file is empty"),
        ("b.csv", b"id,name\n1,x\n", "there is no column \"name\""),
        ("c.csv", b"mobile\n1\n", "the column id is missing"),
        ("d.csv", b"id,mobile,id\n1,2,3\n", "the header has the column \"id\" twice"),
        ("e.csv", b"id;mobile\n1;2\n", "save the file as CSV with commas"),
        ("e.csv", b"id\tmobile\n1\t2\n", "save the file as CSV with commas"),
        ("e.csv", b"sep=,\nid,mobile\n1,2\n", "which only Excel reads"),
        ("e.csv", b"1,139\n2,138\n", "the first line names the columns"),
        ("e.csv", b"id,mobile,,\n1,139,,\n", "column 3 has no name"),
        ("e.csv", b"{\"id\": 1}\n", "--format jsonl"),
        ("e.jsonl", b"id,mobile\n1,139\n", "--format csv"),
        ("f.csv", b"\xff\xfei\0d\0", "UTF-16"),
        ("g.csv", b"id,\xff\n1,2\n", "line 1: this is not UTF-8"),
        ("h.txt", b"id\n1\n", "csv or jsonl"),
        ("i", b"id\n1\n", "csv or jsonl"),
        ("j.csv.gz", b"\x1f\x8bno gzip", "the file was cut or changed: "),
        ("k.csv", "编号,手机\n".as_bytes(), "there is no column"),
        ("k.csv", b"ID,Mobile\n1,2\n", "write it \"id\""),
        ("k.csv", b"i\0d\0\n\0", "UTF-16"),
        ("k.csv", b"PK\x03\x04\x14\0\0\0[Content_Types].xml", "an Excel workbook"),
        ("k.jsonl", b"PK\x03\x04[Content_Types].xml", "an Excel workbook"),
        ("k.xlsx", b"PK\x03\x04\x14\0\0\0[Content_Types].xml", "an Excel workbook"),
        ("k.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0", "an Excel workbook"),
        ("k.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0", "an Excel workbook"),
        ("k.xlsx", b"id\n1\n", "csv or jsonl"),
        ("k.jsonl", b" [{\"id\": 1}]", "one object on each line"),
        // The same in GBK.
        ("l.csv", b"\xb1\xe0\xba\xc5,\xca\xd6\xbb\xfa\n", "CSV UTF-8"),
        ("m.csv", b"id,full_name\n1,good\n2,\xcd\xf5\xd0\xa1\xc3\xf7\n", "line 3: this is not UTF-8"),
        ("m.jsonl", b"{\"id\": 1}\n{\"id\": 2, \"full_name\": \"\xcd\xf5\"}\n", "line 2: this is not UTF-8"),
        ("n.csv", b"id,\"mobile\n1,2\n", "the header: A quote that opens"),
    ] {
        is_refused(&api, &folder, name, bytes, reason).await;
    }
    let nothing = import_over(&api.server.store, "nobody", What::Customers, &folder.write("k.csv", "id\n1\n")).await;
    assert!(matches!(nothing, Err(BulkError::NoShop(_))), "{nothing:?}");
    let none = import_over(&api.server.store, "demo", What::Customers, &folder.path("none.csv")).await;
    assert!(matches!(none, Err(BulkError::Io { .. })), "{none:?}");
    came_to(&imported(&api, What::Customers, &folder.write("l.csv", "id,mobile\n")).await, 0, 0);
}

#[tokio::test]
async fn a_compressed_file_that_was_cut_or_changed_is_refused_before_its_first_row() {
    let api = Api::empty().await;
    let folder = Folder::new();
    let rows: String = (1..=20_000).map(|id| format!("{id},139\n")).collect();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    write!(gzip, "id,mobile\n{rows}").expect("written");
    let whole = gzip.finish().expect("gzip");
    let mut changed = whole.clone();
    *changed.iter_mut().rev().nth(4).expect("a checksum") ^= 1;
    for bytes in [&whole[..whole.len() - 4], &whole[..whole.len() / 2], &changed] {
        for reason in ["the file was cut or changed: ", ". Nothing was imported: "] {
            is_refused(&api, &folder, "a.csv.gz", bytes, reason).await;
        }
    }
}

#[tokio::test]
async fn a_number_that_a_spreadsheet_has_shortened_is_refused() {
    let api = Api::empty().await;
    let folder = Folder::new();
    let path = folder.write("a.csv", "id,mobile,note\n1,1.39E+10,x\n12E+5,8.6139E+12,\n2,1.39,1.39E+10\n3,1.39e10x,\n");
    came_to(&imported(&api, What::Customers, &path).await, 4, 2);
    let found: Vec<_> = errors(&path).into_iter().map(|(row, field, _)| (row, field)).collect();
    assert_eq!(found, [(1, "mobile".to_owned()), (2, "id mobile".to_owned())]);
    assert!(errors(&path)[0].2.starts_with("A spreadsheet has shortened this number, and its last digits are lost"));
    assert_eq!(api.get(CUSTOMERS).await.ids(), [3, 2]);
    assert_eq!(api.get(&one(CUSTOMERS, 2)).await.assert_status(200)["note"], "1.39E+10", "a note is no number");
    let path = folder.write("a.jsonl", "{\"id\": 4, \"mobile\": \"1.39E+10\"}\n{\"id\": 5, \"mobile\": \"139\"}");
    came_to(&imported(&api, What::Customers, &path).await, 2, 1);
    assert_eq!(error_lines(&beside(&path, ".errors.jsonl"))[0]["error_field"], "mobile");
    let path = folder.write("c.csv", "code,customer_id,code_prefix\n2.02611E+11,1,spring\n");
    came_to(&imported(&api, What::Codes, &path).await, 1, 1);
    assert_eq!(errors(&path)[0].1, "code");
}

#[tokio::test]
async fn hostile_rows_are_refused_one_by_one() {
    let api = Api::empty().await;
    let folder = Folder::new();
    let long = "x".repeat(10 << 20);
    let path = folder.write("a.csv", format!("id,note\n1,good\n2\n3,a,b\n4,{long}\n6,\"two\nlines, \"\"so\"\"\"\n"));
    came_to(&imported(&api, What::Customers, &path).await, 5, 3);
    let reasons: Vec<_> = errors(&path).into_iter().map(|(row, _, message)| (row, message)).collect();
    // The uncorrected errors file changes no customer. Rows with too many or too few cells are not assigned to columns.
    came_to(&imported(&api, What::Customers, &beside(&path, ".errors.csv")).await, 3, 3);
    let expected = [
        (2, "Line 3: The row has 1 cells, the header 2."),
        (3, "Line 4: The row has 3 cells, the header 2."),
        (4, "Line 5: The row is longer than 1 MB."),
    ];
    assert_eq!(reasons, expected.map(|(row, message)| (row, message.to_owned())));
    let lines = [
        "{\"id\": 11}".to_owned(),
        "{".to_owned(),
        "[]".to_owned(),
        "{\"id\": 12, \"name\": 1}".to_owned(),
        format!("{{\"id\": 13, \"note\": {}1{}}}", "[".repeat(200), "]".repeat(200)),
        format!("{{\"id\": 14, \"note\": \"{}\"}}", "x".repeat(10 << 20)),
        "{\"id\": 15, \"id\": 16}".to_owned(),
        "{\"id\": \"11.0\"}".to_owned(),
        "{\"id\": {\"$serde_json::private::RawValue\": \"1\"}}".to_owned(),
    ];
    let path = folder.write("a.jsonl", lines.join("\n"));
    came_to(&imported(&api, What::Customers, &path).await, 9, 7);
    let rows: Vec<_> =
        error_lines(&beside(&path, ".errors.jsonl")).iter().map(|row| row["error_row"].clone()).collect();
    assert_eq!(rows, [2, 3, 4, 5, 6, 8, 9]);
    assert_eq!(api.get(&format!("{CUSTOMERS}?order_by=id")).await.ids(), [1, 6, 11, 16]);
    assert_eq!(api.get(&one(CUSTOMERS, 6)).await.assert_status(200)["note"], "two\nlines, \"so\"");
}

#[tokio::test]
async fn a_row_whose_quotes_take_other_rows_with_it_is_refused() {
    let api = Api::empty().await;
    let folder = Folder::new();
    for (rows, expected) in [
        ("1,good\n2,\"open\n3,good\n", [(2, "Lines 3 to 4", OPEN)].as_slice()),
        ("1,good\r\n\r\n2,\"open", &[(2, "Line 4", OPEN)]),
        (
            "1,good\n2,\"open\n3,\"good\"\n4,\"said \"no\" twice\"\n5,\"open\"\"\n",
            &[(2, "Lines 3 to 4", EARLY), (3, "Line 5", EARLY), (4, "Line 6", OPEN)],
        ),
    ] {
        let path = folder.write("a.csv", format!("id,note\n{rows}"));
        imported(&api, What::Customers, &path).await;
        let found: Vec<_> = errors(&path).into_iter().map(|(row, _, message)| (row, message)).collect();
        assert_eq!(
            found,
            expected.iter().map(|(row, lines, said)| (*row, format!("{lines}: {said}"))).collect::<Vec<_>>(),
            "{rows}"
        );
        // The errors file does not import the rows that an open quote swallowed.
        let refused = beside(&path, ".errors.csv");
        let rows = expected.len() as u64;
        came_to(&imported(&api, What::Customers, &refused).await, rows, rows);
        assert_eq!(api.get(CUSTOMERS).await.ids(), [1]);
    }
}

#[tokio::test]
async fn a_row_without_an_end_is_given_up_and_what_stood_before_it_is_kept() {
    let api = Api::empty().await;
    let folder = Folder::new();
    let endless = |start: &str| {
        let mut bytes = start.as_bytes().to_vec();
        bytes.extend(std::iter::repeat_n(b'\n', 1));
        bytes.extend_from_slice(b"2,\"");
        bytes.extend(std::iter::repeat_n(b'x', 17 << 20));
        bytes
    };
    let path = folder.write("a.csv", endless("id,note\n1,good"));
    let ended = import_over(&api.server.store, "demo", What::Customers, &path).await;
    assert!(matches!(&ended, Err(BulkError::File { what, .. }) if what.contains("row 2")), "{ended:?}");
    assert_eq!(api.get(CUSTOMERS).await.ids(), [1]);
    // A few bytes that expand to gigabytes.
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    bomb.write_all(b"id,note\n3,good\n4,\"").expect("written");
    let block = vec![b'x'; 1 << 20];
    (0..64).for_each(|_| bomb.write_all(&block).expect("written"));
    let path = folder.write("bomb.csv.gz", bomb.finish().expect("gzip"));
    let ended = import_over(&api.server.store, "demo", What::Customers, &path).await;
    assert!(matches!(&ended, Err(BulkError::File { what, .. }) if what.contains("row 2")), "{ended:?}");
    assert_eq!(api.get(CUSTOMERS).await.ids(), [3, 1]);
}

#[tokio::test]
async fn a_group_whose_reply_would_be_too_large_is_divided() {
    let api = Api::empty().await;
    let folder = Folder::new();
    let note = "\u{1}".repeat(2_000);
    let rows: Vec<_> = (1..=600).map(|id| json!({"id": id, "note": note}).to_string()).collect();
    let path = folder.write("a.jsonl", rows.join("\n"));
    came_to(&imported(&api, What::Customers, &path).await, 600, 0);
    assert_eq!(api.get(CUSTOMERS).await.assert_status(200)["count"], 600);
}
