//! Levels and customer accounts.

use serde_json::json;
use tests::Api;

use super::{
    browser::{Browser, DESK},
    number, shop,
};
use crate::support::{HISTORY, LEVELS, ORDERS, discounts::with, one, points::adjust};

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn a_level_is_made_changed_and_deleted() {
    let api = Api::empty().await;
    let browser = Browser::signed_in(&api, DESK).await;
    browser.says("No level yet.").await;
    browser.click("[data-new]").await;
    browser.fill("[name=title]", "黄金会员").await;
    browser.fill("[name=condition_points]", "1,000").await;
    browser.fill("[name=gain_points]", "x").await;
    browser.click("form [type=submit]").await;
    assert_eq!(browser.error_of("gain_points").await, "A valid number is required.");
    assert_eq!(browser.read("document.activeElement.name").await, "gain_points", "where it is wrong");
    browser.fill("[name=gain_points]", "0.5").await;
    browser.click("form [type=submit]").await;
    browser.says("1 + 0.5").await;
    assert_eq!(number(&api, LEVELS, "count").await, 1);
    browser.click_text("黄金会员").await;
    browser.fill("[name=sign_points]", "7").await;
    browser.click("form [type=submit]").await;
    browser.shown("#/levels").await;
    assert_eq!(api.get(LEVELS).await.assert_status(200)["results"][0]["sign_points"], 7);
    browser.click_text("黄金会员").await;
    browser.click("[data-delete]").await;
    browser.says("Their points stay.").await;
    browser.click_text("Cancel").await;
    assert_eq!(number(&api, LEVELS, "count").await, 1);
    browser.click("[data-delete]").await;
    browser.click_text("Delete").await;
    browser.says("No level yet.").await;
    assert_eq!(number(&api, LEVELS, "count").await, 0);
    browser.close(&[400]).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn points_are_adjusted_once_however_often_one_clicks() {
    let (api, _) = shop().await;
    let browser = Browser::signed_in(&api, DESK).await;
    browser.show("customers").await;
    browser.fill("[name=q]", "13900000009").await;
    browser.press("\u{E007}").await;
    browser.says("No customer has the id or the mobile number 13900000009.").await;
    browser.fill("[name=q]", "+86 139 0000-000１").await;
    browser.press("\u{E007}").await;
    browser.shown("#/customers/1").await;
    let form = "form[aria-label='Adjust points']";
    browser.fill(&format!("{form} [name=points]"), "-5").await;
    browser.click(&format!("{form} [type=submit]")).await;
    browser.says("This customer has only 0 points.").await;
    // Unsaved input in another form of the view stays.
    let redeem = "form[aria-label='Redeem points'] [name=points]";
    browser.fill(redeem, "500").await;
    browser.fill(&format!("{form} [name=points]"), "1000").await;
    let twice = "const go = document.querySelector(arguments[0]); go.click(); go.click(); go.form.requestSubmit()";
    browser.script(twice, json!([format!("{form} [type=submit]")])).await;
    browser.says("+1,000 points.").await;
    browser.shown("#/customers/1").await;
    assert_eq!(number(&api, &format!("{HISTORY}?customer=1"), "count").await, 1);
    assert_eq!(browser.read("document.activeElement.closest('form')?.ariaLabel").await, "Adjust points");
    for (name, typed) in [(redeem, "500"), (&format!("{form} [name=points]"), "")] {
        assert_eq!(browser.read(&format!("document.querySelector({name:?}).value")).await, typed, "{name}");
    }
    browser.close(&[400]).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn an_adjustment_whose_reply_is_lost_is_made_once() {
    let (api, _) = shop().await;
    let browser = Browser::signed_in(&api, DESK).await;
    browser.show("customers/1").await;
    lose_a_reply(&browser).await;
    browser.fill("form[aria-label='Adjust points'] [name=points]", "70").await;
    browser.click("form[aria-label='Adjust points'] [type=submit]").await;
    browser.says("+70 points.").await;
    assert_eq!(browser.read("window.lost").await, 1);
    assert_eq!(number(&api, &format!("{HISTORY}?customer=1"), "count").await, 1);
    browser.close(&[]).await;
}

/// Lets the next change reach the server and drops its reply.
pub(super) async fn lose_a_reply(browser: &Browser) {
    let script = "const real = window.fetch; window.lost = 0;
        window.fetch = async (path, options) => {
          const reply = await real(path, options);
          if (options.method === 'GET' || window.lost > 0) return reply;
          window.lost += 1;
          throw new TypeError('the line broke');
        }";
    browser.script(script, json!([])).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn a_customer_signs_in_redeems_and_gets_it_back() {
    let (api, _) = shop().await;
    for points in 1..=25 {
        adjust(&api, 1, points).await.assert_status(201);
    }
    let browser = Browser::signed_in(&api, DESK).await;
    browser.show("customers/1").await;
    browser.says("Page 1 of 3").await;
    browser.click_text("Next").await;
    browser.says("Page 2 of 3").await;
    browser.click("form[aria-label='Sign in today'] [type=submit]").await;
    browser.says("This customer has signed in today.").await;
    let form = "form[aria-label='Redeem points']";
    browser.fill(&format!("{form} [name=points]"), "100000").await;
    browser.click(&format!("{form} [type=submit]")).await;
    assert!(
        browser.wait(&format!("document.querySelector(\"{form} [data-error=points]\").textContent")).await.is_string()
    );
    browser.fill(&format!("{form} [name=points]"), "100").await;
    browser.click(&format!("{form} [type=submit]")).await;
    browser.says("−100 points, worth ¥10.00.").await;
    browser.shown("#/customers/1").await;
    assert_eq!(number(&api, "/api/loyalty/account/1/", "points").await, 25 * 26 / 2 + 5 - 100);
    browser.click_text("Give back").await;
    browser.says("It can be done once.").await;
    browser.click_text("Give back").await;
    browser.says("+100 points.").await;
    browser.shown("#/customers/1").await;
    browser.says("Given back").await;
    assert_eq!(browser.read("document.body.innerText.includes('Give back')").await, false, "it can be done once");
    assert_eq!(number(&api, "/api/loyalty/account/1/", "points").await, 25 * 26 / 2 + 5);
    // Another user lowers the price of the points. The page does not know yet.
    let level = api.get(LEVELS).await.assert_status(200)["results"][0].clone();
    let path = one(LEVELS, level["id"].as_u64().expect("an id"));
    api.put(&path, &with(level, &json!({"redeem_points": 50}))).await.assert_status(200);
    let redeem = async || {
        browser.fill(&format!("{form} [name=points]"), "100").await;
        browser.click(&format!("{form} [type=submit]")).await;
        browser.says("Points are worth something else now").await;
        browser.says("50 points are 1 yuan.").await;
    };
    redeem().await;
    browser.click_text("Cancel").await;
    assert_eq!(number(&api, "/api/loyalty/account/1/", "points").await, 25 * 26 / 2 + 5);
    redeem().await;
    browser.click("dialog[open] .primary").await;
    browser.says("−100 points, worth ¥2.00.").await;
    browser.close(&[400]).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn a_level_is_given_knowingly_and_an_order_is_known_by_its_number() {
    let (api, _) = shop().await;
    api.post(LEVELS, &json!({"title": "Gold", "condition_points": 100})).await.assert_status(201);
    let order = json!({
        "customer": {"id": 1}, "order_number": "4372018", "financial_status": "paid", "paid_price": "7.00",
    });
    api.put(&one(ORDERS, 9400), &order).await.assert_status(201);
    let browser = Browser::signed_in(&api, DESK).await;
    browser.show("customers/1").await;
    browser.says("9400 4372018").await;
    // Other users may add points too, and then a level may be skipped.
    api.post(LEVELS, &json!({"title": "Jade", "condition_points": 500})).await.assert_status(201);
    give(&browser, "600").await;
    browser.says("Lift the customer to Jade?").await;
    browser.click_text("Cancel").await;
    browser.fill("form [name=points]", "").await;
    give(&browser, "92").await;
    browser.says("+92 points.").await;
    browser.shown("#/customers/1").await;
    give(&browser, "1").await;
    browser.says("Lift the customer to Gold?").await;
    browser.click_text("Cancel").await;
    assert_eq!(browser.read("document.querySelector('form [name=points]').value").await, "1");
    give(&browser, "1").await;
    browser.click("dialog[open] .primary").await;
    browser.says("400 points to Jade").await;
    assert_eq!(number(&api, "/api/loyalty/account/1/", "points").await, 100);
    browser.close(&[]).await;
}

async fn give(browser: &Browser, points: &str) {
    browser.fill("form [name=points]", points).await;
    browser.click("form [type=submit]").await;
}
