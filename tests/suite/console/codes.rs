//! Codes: finding, changing, issuing and exporting them.

use serde_json::json;

use super::{
    account::lose_a_reply,
    browser::{Browser, DESK},
    number, shop,
};
use crate::support::{
    CODES, COUPONS, CUSTOMERS, customer,
    discounts::{PAST, change_rule, coupon, give, issued, shop_of},
    one,
};

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn a_code_is_found_transferred_used_given_back_and_deleted() {
    let (api, spring) = shop().await;
    let code = issued(&give(&api, spring.id, [1]).await)[0].clone();
    let id = code["id"].as_u64().expect("an id");
    let browser = Browser::signed_in(&api, DESK).await;
    browser.show("codes").await;
    browser.fill("[name=customer]", "x").await;
    browser.click("[role=search] [type=submit]").await;
    assert_eq!(browser.error_of("customer").await, "Enter a number.");
    assert_eq!(browser.read("document.querySelector('[name=customer]').value").await, "x");
    browser.click_text("Clear").await;
    browser.shown("#/codes").await;
    browser.fill("[name=code]", &(id + 1).to_string()).await;
    browser.click("[role=search] [type=submit]").await;
    browser.says("Nothing here.").await;
    browser.fill("[name=code]", &id.to_string()).await;
    browser.click("[role=search] [type=submit]").await;
    browser.wait("document.querySelector('[data-count=\"1\"]')").await;
    // The text of a code may look like an id.
    for text in [code["code"].as_str().expect("a text"), "20261111"] {
        api.put(&one(CODES, id), &json!({ "code": text })).await.assert_status(200);
        browser.show(&format!("codes?code={text}")).await;
        browser.says(text).await;
        browser.wait("document.querySelector('[data-count=\"1\"]')").await;
    }
    api.put(&one(CODES, id), &json!({ "code": code["code"] })).await.assert_status(200);
    browser.click_text("Clear").await;
    browser.shown("#/codes").await;
    browser.fill("[name=prefix]", "nothing").await;
    browser.click("[role=search] [type=submit]").await;
    browser.says("No coupon has the prefix nothing.").await;
    browser.fill("[name=prefix]", "spring").await;
    browser.choose("[name=status]", "available").await;
    browser.click_text(code["code"].as_str().expect("a text")).await;
    browser.fill("[name=customer_id]", "999").await;
    browser.click("form[aria-label=Transfer] [type=submit]").await;
    assert_eq!(browser.error_of("customer_id").await, "There is no 999.");
    browser.fill("[name=customer_id]", "2").await;
    browser.click("form[aria-label=Transfer] [type=submit]").await;
    browser.says("The code has a new owner.").await;
    browser.shown(&format!("#/codes/{id}")).await;
    browser.click("form[aria-label='Mark as used'] [type=submit]").await;
    browser.says("The code is marked as used.").await;
    assert_eq!(number(&api, &one(CODES, id), "status").await, "used");
    browser.wait("document.querySelector('form[aria-label=\"Give its use back\"]')").await;
    assert_eq!(browser.read("document.querySelector('form[aria-label=Transfer]')").await, json!(null), "it stays");
    browser.click("form[aria-label='Give its use back'] [type=submit]").await;
    browser.says("The code can be used again.").await;
    let row = api.get(&one(CODES, id)).await.assert_status(200);
    assert_eq!((&row["status"], &row["customer_id"]), (&json!("unused"), &json!(2)));
    browser.shown(&format!("#/codes/{id}")).await;
    browser.click("[data-delete]").await;
    browser.says("Its owner cannot use it any more.").await;
    browser.click_text("Delete").await;
    browser.shown("#/codes").await;
    api.get(&one(CODES, id)).await.assert_status(404);
    browser.close(&[400]).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn a_list_is_issued_with_its_errors_beside_its_rows() {
    let (api, spring) = shop().await;
    coupon(&api, "autumn", &json!({})).await;
    let browser = Browser::signed_in(&api, DESK).await;
    browser.show("codes/issue").await;
    browser.fill("[name=prefix]", "spring").await;
    // A first line that is no heading is a row.
    browser.fill("[name=customers]", "oops\n1\n").await;
    browser.click("form [type=submit]").await;
    browser.wait("document.querySelector('[data-issued=\"0\"][data-refused=\"1\"]')").await;
    browser.click("[data-edit]").await;
    browser.fill("[name=prefix]", "spring").await;
    browser.fill("[name=customers]", "customer_id,coupon\n1\n77\n2,autumn\nx\n\n=9,winter\n").await;
    browser.click("form [type=submit]").await;
    // An unsent list survives leaving the view.
    browser.says("This is no customer id.").await;
    browser.show("levels").await;
    browser.show("codes/issue").await;
    browser.says("This issue was begun in this tab and is not done.").await;
    // The errors that the page itself can see come first, then those of the API.
    browser.says("This is no customer id.").await;
    browser.says("No coupon has the prefix winter.").await;
    browser.click("[data-leave-out]").await;
    browser.says("There is no 77.").await;
    assert_eq!(number(&api, CODES, "count").await, 0, "all or none");
    // Another tab may have a copy of the list and do the same.
    let copy = browser.read("sessionStorage.getItem('youhui.issue')").await;
    browser.click("[data-leave-out]").await;
    browser.wait("document.querySelector('[data-issued=\"2\"][data-refused=\"0\"]')").await;
    browser.script("sessionStorage.setItem('youhui.issue', arguments[0])", json!([copy])).await;
    browser.show("levels").await;
    browser.show("codes/issue").await;
    browser.click("[data-leave-out]").await;
    browser.wait("document.querySelector('[data-issued=\"2\"][data-refused=\"0\"]')").await;
    assert_eq!(number(&api, CODES, "count").await, 2, "once");
    let row = api.get(&format!("{CODES}?coupon={}", spring.id)).await.assert_status(200)["results"][0].clone();
    browser.says(row["code"].as_str().expect("a text")).await;
    browser.says("2 issued · 0 refused · 0 open · 3 left out").await;
    // The rows that were left out can be saved with their line numbers, also after leaving the view.
    browser.show("levels").await;
    browser.show("codes/issue").await;
    note_what_is_saved(&browser).await;
    browser.click("[data-save-refused]").await;
    assert_eq!(
        browser.wait("window.saved").await,
        "line,customer_id,code_prefix,reason\r\n\
         3,77,spring,There is no 77.\r\n\
         5,x,spring,This is no customer id.\r\n\
         7,'=9,winter,This is no customer id. No coupon has the prefix winter. Small and capital letters are different.\r\n"
    );
    browser.show("levels").await;
    browser.show("codes/issue?prefix=spring").await;
    browser.fill("[name=customers]", "1\n78\n").await;
    browser.click("form [type=submit]").await;
    browser.click("[data-leave-out]").await;
    browser.wait("document.querySelector('[data-issued=\"1\"]')").await;
    // Nobody saved the rows, so that they can still be corrected.
    browser.click("[data-edit]").await;
    assert_eq!(browser.wait("document.querySelector('[name=customers]').value").await, "78,spring");
    browser.close(&[400]).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn an_export_of_customers_is_a_list_and_what_is_odd_about_it_is_said_first() {
    let (api, spring) = shop().await;
    change_rule(&api, spring.rule, &json!({"ends_at": PAST})).await;
    let browser = Browser::signed_in(&api, DESK).await;
    browser.show("codes/issue?prefix=spring").await;
    let export = "id,mobile,full_name\n1,13900000001,Li\n2,13900000002,Wang\n1,13900000001,Li\n";
    browser.fill("[name=customers]", export).await;
    browser.click("form [type=submit]").await;
    browser.says("The coupon spring has ended").await;
    browser.says("more than once: 1.").await;
    assert_eq!(number(&api, CODES, "count").await, 0);
    browser.click("[data-go-on]").await;
    browser.wait("document.querySelector('[data-issued=\"3\"]')").await;
    assert_eq!(number(&api, &format!("{CODES}?customer=1"), "count").await, 2);
    browser.close(&[]).await;
}

/// Puts one file with these bytes into the file field.
async fn open_file(browser: &Browser, name: &str, bytes: &[u8]) {
    let script = "const files = new DataTransfer();
        files.items.add(new File([new Uint8Array(arguments[1])], arguments[0]));
        const field = document.querySelector('#issue-file');
        field.files = files.files;
        field.dispatchEvent(new Event('change'))";
    browser.script(script, json!([name, bytes])).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn files_are_read_as_excel_writes_them_and_what_cannot_be_read_is_said() {
    let api = shop_of(3).await;
    let small = coupon(&api, "small", &json!({"allocation_limit": 2})).await;
    let browser = Browser::signed_in(&api, DESK).await;
    browser.show("codes/issue?prefix=small").await;
    open_file(&browser, "list.xlsx", b"PK\x03\x04").await;
    browser.says("This is a workbook, not a CSV file.").await;
    assert_eq!(browser.read("document.querySelector('[name=customers]').value").await, "");
    // The encoding of Excel in China: GBK.
    let heading = b"\xbf\xcd\xbb\xa7\xb1\xe0\xba\xc5";
    open_file(&browser, "list.csv", &[heading.as_slice(), b"\r\n1\r\n2\r\n3\r\n"].concat()).await;
    browser.wait("document.querySelector('[name=customers]').value.startsWith('客户编号')").await;
    assert_eq!(browser.read("document.querySelectorAll('.error-box').length").await, 0);
    browser.click("form [type=submit]").await;
    browser
        .says("small has 2 places left of its quota, fewer than the list wants: none of the rows that are open was issued.")
        .await;
    assert_eq!(number(&api, &format!("{CODES}?coupon={}", small.id), "count").await, 0);
    browser.click("[data-edit]").await;
    browser.fill("[name=customers]", "mobile\n1\n").await;
    browser.click("form [type=submit]").await;
    browser.says("Column names that are read: customer_id, code_prefix.").await;
    browser.click("[data-edit]").await;
    open_file(&browser, "list.xls", b"\xd0\xcf\x11\xe0").await;
    browser.says("This is a workbook, not a CSV file.").await;
    // An unknown column may have been meant, so that the page asks. The typed coupon stays.
    coupon(&api, "other", &json!({})).await;
    browser.fill("[name=prefix]", "other").await;
    browser.fill("[name=customers]", "customer_id,voucher\n1,small\n").await;
    browser.click("form [type=submit]").await;
    browser.says("Columns that are not read: voucher. These rows get other.").await;
    browser.click("[data-edit]").await;
    assert_eq!(browser.wait("document.querySelector('[name=prefix]')?.value").await, "other");
    browser.close(&[409]).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn a_list_that_waits_does_not_go_on_in_another_shop() {
    let (api, spring) = shop().await;
    let browser = Browser::signed_in(&api, DESK).await;
    browser.show("codes/issue?prefix=spring").await;
    browser.fill("[name=customers]", "1\nx\n").await;
    browser.click("form [type=submit]").await;
    browser.says("This is no customer id.").await;
    api.delete(&one(COUPONS, spring.id)).await.assert_status(204);
    coupon(&api, "spring", &json!({})).await;
    browser.show("levels").await;
    browser.show("codes/issue").await;
    browser.click("[data-leave-out]").await;
    browser.says("A coupon of this list is not the one that it was").await;
    assert_eq!(number(&api, CODES, "count").await, 0);
    browser.close(&[]).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn issued_codes_wait_until_they_are_saved() {
    let (api, _) = shop().await;
    let browser = Browser::signed_in(&api, DESK).await;
    let issue = async |customers: &str| {
        browser.show("codes/issue?prefix=spring").await;
        browser.fill("[name=customers]", customers).await;
        browser.click("form [type=submit]").await;
        let done = format!("document.querySelector('[data-issued=\"{}\"]')", customers.lines().count());
        browser.wait(&done).await;
    };
    issue("1\n2\n").await;
    // Another view and another list: nothing was saved.
    browser.show("levels").await;
    issue("1\n").await;
    browser.script("location.reload()", json!([])).await;
    browser.wait("document.querySelector('[data-unsaved=\"3\"]')").await;
    note_what_is_saved(&browser).await;
    browser.click_text("Save the codes as CSV").await;
    let saved = browser.wait("window.saved").await;
    let codes = api.get(&format!("{CODES}?order_by=id")).await.assert_status(200);
    for code in codes["results"].as_array().expect("results") {
        let row = format!("{},spring,{}\r\n", code["customer_id"], code["code"].as_str().expect("a text"));
        assert!(saved.as_str().is_some_and(|saved| saved.contains(&row)), "{row} is not in {saved}");
    }
    browser.script("location.reload()", json!([])).await;
    browser.wait("document.querySelector('[name=customers]')").await;
    assert_eq!(browser.read("document.querySelector('[data-unsaved]')").await, json!(null));
    // Saved rows are not offered again after a return to the form.
    issue("2\n").await;
    browser.click_text("Save the codes as CSV").await;
    browser.click("[data-edit]").await;
    assert_eq!(browser.read("document.querySelector('[data-unsaved]')").await, json!(null));
    browser.close(&[]).await;
}

/// Makes `window.saved` hold the text that was last offered for download.
async fn note_what_is_saved(browser: &Browser) {
    let script = "const real = URL.createObjectURL;
        URL.createObjectURL = (blob) => { blob.text().then((text) => { window.saved = text; }); return real.call(URL, blob); }";
    browser.script(script, json!([])).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn a_large_list_goes_out_in_batches_and_a_lost_reply_issues_nothing_twice() {
    let api = shop_of(1).await;
    let many = |ids: std::ops::Range<u64>| {
        ids.map(|id| {
            let mut row = customer(&format!("{id}"));
            row["id"] = json!(id);
            row
        })
    };
    for from in [1000, 1900] {
        api.post(CUSTOMERS, &many(from..from + 900).collect()).await.assert_status(201);
    }
    coupon(&api, "spring", &json!({})).await;
    let browser = Browser::signed_in(&api, DESK).await;
    browser.show("codes/issue?prefix=spring").await;
    let list = "document.querySelector('[name=customers]').value = Array.from({length: 1500}, (_, at) => 1000 + at).join('\\n')";
    browser.script(list, json!([])).await;
    lose_a_reply(&browser).await;
    browser.click("form [type=submit]").await;
    browser.wait("document.querySelector('[data-issued=\"1500\"]')").await;
    assert_eq!(browser.read("window.lost").await, 1);
    assert_eq!(number(&api, CODES, "count").await, 1500);
    browser.close(&[]).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn an_issue_that_was_cut_short_goes_on_after_a_reload_under_its_key() {
    let (api, _) = shop().await;
    let browser = Browser::signed_in(&api, DESK).await;
    browser.show("codes/issue?prefix=spring").await;
    browser.fill("[name=customers]", "1\n2\n").await;
    // The server carries out the request, and the page does not receive the reply.
    let deaf =
        "const real = window.fetch; window.fetch = (path, options) => options.method === 'GET' ? real(path, options)
        : real(path, options).then(() => { window.answered = true; return new Promise(() => {}); })";
    browser.script(deaf, json!([])).await;
    browser.click("form [type=submit]").await;
    browser.wait("window.answered").await;
    // After a day the server may have forgotten the key. It would issue the codes again.
    let age = "const job = JSON.parse(sessionStorage.getItem('youhui.issue'));
        window.fresh = JSON.stringify(job);
        job.batches[0].since -= 24 * 3600 * 1000;
        sessionStorage.setItem('youhui.issue', JSON.stringify(job));
        sessionStorage.setItem('fresh', window.fresh)";
    browser.script(age, json!([])).await;
    browser.script("location.reload()", json!([])).await;
    browser.says("This issue was begun in this tab").await;
    browser.click("[data-go-on]").await;
    browser.says("A part of this list was sent more than a day ago").await;
    browser.wait("document.querySelector('[data-edit]')").await;
    assert_eq!(number(&api, CODES, "count").await, 2);
    browser.script("sessionStorage.setItem('youhui.issue', sessionStorage.getItem('fresh'))", json!([])).await;
    browser.script("location.reload()", json!([])).await;
    browser.says("This issue was begun in this tab").await;
    browser.click("[data-go-on]").await;
    browser.wait("document.querySelector('[data-issued=\"2\"]')").await;
    assert_eq!(number(&api, CODES, "count").await, 2, "once");
    assert_eq!(browser.read("sessionStorage.getItem('youhui.issue')").await, json!(null));
    assert_eq!(browser.read("document.querySelectorAll('.note').length").await, 0, "it is done");
    browser.close(&[]).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn a_batch_whose_answer_never_came_keeps_its_key_whatever_was_refused_beside_it() {
    let api = shop_of(10).await;
    coupon(&api, "spring", &json!({})).await;
    let browser = Browser::signed_in(&api, DESK).await;
    browser.show("codes/issue?prefix=spring").await;
    // A list of a thousand rows with one error, and a second batch whose reply is lost.
    let list = "document.querySelector('[name=customers]').value =
        Array.from({length: 1003}, (_, at) => at === 5 ? 999 : 1 + at % 10).join('\\n');
        const [fetched, timeout] = [window.fetch, window.setTimeout];
        window.setTimeout = (run, pause) => timeout(run, Math.min(pause, 20));
        window.deaf = true;
        window.fetch = async (path, options) => {
          const reply = await fetched(path, options);
          if (window.deaf && options.method === 'POST' && reply.status === 201) throw new TypeError('the line broke');
          return reply;
        }";
    browser.script(list, json!([])).await;
    browser.click("form [type=submit]").await;
    browser.says("more than once: 10.").await;
    browser.click("[data-go-on]").await;
    browser.says("The service did not answer.").await;
    assert_eq!(number(&api, CODES, "count").await, 3, "the second batch");
    let offered =
        "['[data-edit]', '[data-leave-out]', '[data-go-on]'].map((one) => Boolean(document.querySelector(one)))";
    assert_eq!(browser.read(offered).await, json!([false, false, true]));
    browser.script("window.deaf = false", json!([])).await;
    browser.click("[data-go-on]").await;
    browser.wait("document.querySelector('[data-issued=\"3\"][data-refused=\"1\"]')").await;
    assert_eq!(number(&api, CODES, "count").await, 3, "once");
    browser.click("[data-leave-out]").await;
    browser.wait("document.querySelector('[data-issued=\"1002\"]')").await;
    assert_eq!(number(&api, CODES, "count").await, 1002);
    browser.close(&[400]).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn what_is_selected_is_exported_whole_and_harmless_to_a_spreadsheet() {
    let api = shop_of(230).await;
    let spring = coupon(&api, "spring", &json!({"title": "=HYPERLINK(\"http://x\"),\"a\""})).await;
    let other = coupon(&api, "other", &json!({})).await;
    give(&api, spring.id, 1..=230).await.assert_status(201);
    give(&api, other.id, [1]).await.assert_status(201);
    let browser = Browser::signed_in(&api, DESK).await;
    browser.show("codes?prefix=spring").await;
    note_what_is_saved(&browser).await;
    browser.click("[data-export]").await;
    let text = browser.wait("window.saved").await;
    let lines: Vec<_> =
        text.as_str().expect("a text").trim_start_matches('\u{FEFF}').trim_end().split("\r\n").collect();
    assert_eq!(lines.len(), 231);
    assert!(lines[0].starts_with("id,code,status,customer_id,mobile,coupon_id,code_prefix,title"), "{}", lines[0]);
    for line in &lines[1..] {
        assert!(line.contains(",\"'=HYPERLINK(\"\"http://x\"\"),\"\"a\"\"\","), "{line}");
    }
    browser.close(&[]).await;
}
