//! Coupons and the chart of their codes.

use serde_json::json;

use super::{
    browser::{Browser, DESK},
    shop,
};
use crate::support::{
    CODES, COUPONS,
    discounts::{PAST, change_rule, coupon, give, issued, shop_of},
    one,
};

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn a_coupon_is_made_with_its_rule_and_deleted_knowingly() {
    let (api, spring) = shop().await;
    let browser = Browser::signed_in(&api, DESK).await;
    browser.show("coupons/new").await;
    browser.fill("[name=code_prefix]", "spring").await;
    browser.fill("[name=rule_title]", "Summer").await;
    browser.click("form [type=submit]").await;
    assert!(!browser.error_of("price_rule.value").await.is_empty());
    browser.fill("[name=value]", "20").await;
    browser.click("form [type=submit]").await;
    assert_eq!(browser.error_of("code_prefix").await, "coupon with this code prefix already exists.");
    browser.fill("[name=code_prefix]", "summer").await;
    browser.click("form [type=submit]").await;
    browser.says("summer is saved.").await;
    browser.says("打8折").await;
    let made = api.get(&format!("{COUPONS}?code_prefix=summer")).await.assert_status(200)["results"][0].clone();
    assert_eq!((&made["price_rule"]["title"], &made["price_rule"]["value"]), (&json!("Summer"), &json!("-20.00")));

    give(&api, spring.id, [1, 2, 2]).await.assert_status(201);
    browser.show(&format!("coupons/{}", spring.id)).await;
    browser.click("[data-delete]").await;
    browser.says("3 codes that are not used are gone at once").await;
    browser.says("0 used codes stay readable").await;
    browser.click_text("Delete").await;
    browser.shown("#/coupons").await;
    api.get(&one(COUPONS, spring.id)).await.assert_status(404);
    browser.close(&[400]).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn a_coupon_can_stand_on_a_rule_that_is_there() {
    let (api, spring) = shop().await;
    let browser = Browser::signed_in(&api, DESK).await;
    browser.show("coupons/new").await;
    browser.fill("[name=code_prefix]", "second").await;
    browser.click("[name=on_rule]").await;
    browser.fill("[name=price_rule_id]", "999999").await;
    browser.click("form [type=submit]").await;
    assert_eq!(browser.error_of("price_rule_id").await, "There is no 999999.");
    browser.fill("[name=code_prefix]", "the second").await;
    browser.fill("[name=price_rule_id]", "x").await;
    browser.click("form [type=submit]").await;
    assert_eq!(browser.error_of("price_rule_id").await, "Enter an id.");
    assert_eq!(browser.error_of("code_prefix").await, "Use letters, digits, _ and - only.");
    browser.fill("[name=code_prefix]", "second").await;
    // A pasted text that is too long is refused instead of cut.
    browser.fill("[name=code_prefix]", &"x".repeat(33)).await;
    browser.click("form [type=submit]").await;
    assert_eq!(browser.error_of("code_prefix").await, "Ensure this field has no more than 32 characters.");
    // The page of a rule links to this form. The form shows the rule and its effect on the cart before the coupon is
    // created.
    browser.leave_for(&format!("price_rules/{}", spring.rule)).await;
    browser.says(&format!("id {}", spring.rule)).await;
    browser.click_text("New coupon").await;
    browser.says("This rule").await;
    assert_eq!(browser.read("document.querySelector('[data-total]').dataset.total").await, "261.90");
    browser.wait("document.querySelector('[data-rule]').textContent.startsWith('Spring')").await;
    browser.fill("[name=price_rule_id]", "999999").await;
    browser.says("Give the id of a price rule").await;
    browser.wait("document.querySelector('[data-rule]').hidden").await;
    browser.fill("[name=price_rule_id]", &spring.rule.to_string()).await;
    browser.fill("[name=code_prefix]", "second").await;
    browser.click("form [type=submit]").await;
    browser.says("second is saved.").await;
    let made = api.get(&format!("{COUPONS}?code_prefix=second")).await.assert_status(200);
    assert_eq!(made["results"][0]["price_rule_id"], spring.rule);
    browser.close(&[400, 404]).await;
}

/// An expression for the last row of the chart's table.
const LAST_ROW: &str =
    "[...document.querySelectorAll('.numbers tbody tr:last-child td')].map((cell) => cell.textContent)";

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn the_picture_counts_what_was_issued_used_claimed_and_has_expired() {
    let api = shop_of(120).await;
    let spring = coupon(&api, "spring", &json!({})).await;
    let codes = issued(&give(&api, spring.id, 1..=115).await);
    for code in &codes[..7] {
        api.put(&one(CODES, code["id"].as_u64().expect("an id")), &json!({"status": "used"})).await.assert_status(200);
    }
    api.post(&format!("{COUPONS}spring/redeem/"), &json!({"customer_id": 120})).await.assert_status(201);
    let browser = Browser::signed_in(&api, DESK).await;
    let view = format!("coupons/{}", spring.id);
    browser.show(&view).await;
    let figures = "[...document.querySelectorAll('.picture .stat strong')].map((one) => one.textContent)";
    assert_eq!(browser.read(figures).await, json!(["116", "7", "0", "109", "1"]));
    assert_eq!(browser.read(LAST_ROW).await, json!(["116", "7", "0"]));
    let spoken = browser.read("document.querySelector('.chart svg').getAttribute('aria-label')").await;
    assert_eq!(spoken, "Codes over time: Issued 116, Used 7, Expired 0, Claimed 1");
    assert_eq!(browser.read("document.querySelectorAll('.chart .series').length").await, 3);

    change_rule(&api, spring.rule, &json!({"ends_at": PAST})).await;
    browser.show("coupons").await;
    browser.show(&view).await;
    assert_eq!(browser.read(figures).await, json!(["116", "7", "109", "0", "1"]));
    assert_eq!(browser.read(LAST_ROW).await, json!(["116", "7", "109"]));
    browser.close(&[]).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn the_days_of_issue_are_exact_though_few_rows_are_read() {
    let api = shop_of(1).await;
    let spring = coupon(&api, "spring", &json!({})).await;
    // Three days of issue, of very different sizes.
    for (count, days) in [(300, 3), (1, 2), (41, 0)] {
        give(&api, spring.id, std::iter::repeat_n(1, count)).await.assert_status(201);
        api.server.clock.advance(chrono::Duration::days(days));
    }
    let browser = Browser::signed_in(&api, DESK).await;
    // The browser's clock also stands at the day of the last issue.
    let script = "const real = Date.now; Date.now = () => real() + 5 * 86400000";
    browser.script(script, json!([])).await;
    browser.show(&format!("coupons/{}", spring.id)).await;
    let steps = "[...document.querySelectorAll('.numbers tbody tr')].map((row) => row.querySelector('td').textContent)";
    assert_eq!(browser.read(steps).await, json!(["0", "300", "301", "342"]));
    let looks = browser
        .read("performance.getEntriesByType('resource').filter(({name}) => name.includes('page_size=1&page=')).length")
        .await;
    assert!(looks.as_u64().is_some_and(|looks| looks < 30), "{looks}");
    browser.close(&[]).await;
}
