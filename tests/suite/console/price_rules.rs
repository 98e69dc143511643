//! Price rules with their preview, and pricing a cart of the whole shop.

use serde_json::json;

use super::{
    browser::{Browser, DESK},
    shop,
};
use crate::support::{
    RULES, USE,
    discounts::{give, issued, rule},
    id, one,
};

/// Waits until the preview shows this amount to pay.
async fn to_pay(browser: &Browser, total: &str) {
    browser.wait(&format!("document.querySelector('[data-total=\"{total}\"]')")).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn a_rule_shows_what_it_will_do_before_it_is_there() {
    let (api, _) = shop().await;
    let before = api.get(RULES).await.assert_status(200)["count"].clone();
    let browser = Browser::signed_in(&api, DESK).await;
    browser.show("price_rules/new").await;
    // The example cart is 2 x 100.00 + 59.90, and 12.00 of shipping.
    browser.fill("[name=value]", "10").await;
    to_pay(&browser, "245.91").await;
    browser.choose("[name=kind]", "fixed_amount").await;
    to_pay(&browser, "261.90").await;
    browser.fill("[name=prerequisite_subtotal_range]", "300").await;
    browser.says("Needs ¥300.00, has ¥259.90.").await;
    to_pay(&browser, "271.90").await;
    browser.fill("[name=prerequisite_subtotal_range]", "").await;
    browser.press("\u{E003}").await;
    browser.choose("[name=target_selection]", "entitled").await;
    browser.says("The rule cannot be priced yet").await;
    browser.fill("[name=entitled_product_ids]", "1002").await;
    to_pay(&browser, "261.90").await;
    // The cart can be edited, and the page reports its errors.
    browser.fill(".cart-line:nth-of-type(2) [name=product_id]", "7").await;
    browser.says("The cart has none of its goods.").await;
    browser.fill(".cart-line:nth-of-type(1) [name=price]", "1.001").await;
    assert!(browser.error_of("lines.0.price").await.contains("2 decimal places"));
    browser.fill(".cart-line:nth-of-type(1) [name=price]", "1.00").await;
    to_pay(&browser, "73.90").await;
    assert_eq!(api.get(RULES).await.assert_status(200)["count"], before, "nothing was stored");
    // A rule that begins next month is shown as of then.
    let begins = "const field = document.querySelector('[name=starts_at]'); field.value = arguments[0];
        field.dispatchEvent(new Event('input', { bubbles: true }))";
    browser.script(begins, json!(["2999-01-01T00:00"])).await;
    browser.says("Priced as it will be when the rule begins, 2999-01-01 00:00.").await;
    to_pay(&browser, "73.90").await;
    browser.script(begins, json!([""])).await;
    browser.fill("[name=title]", "Ten off").await;
    browser.click("form[aria-label=Rule] [type=submit]").await;
    browser.says("Ten off is saved.").await;
    let made = api.get(&format!("{RULES}?title=Ten off")).await.assert_status(200)["results"][0].clone();
    assert_eq!((&made["value"], &made["entitled_product_ids"]), (&json!("-10.00"), &json!([1002])));
    browser.close(&[400]).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn only_the_newest_answer_is_shown() {
    let (api, _) = shop().await;
    let browser = Browser::signed_in(&api, DESK).await;
    browser.show("price_rules/new").await;
    // The first reply arrives after all later input.
    let slow = "const real = window.fetch; let held = [];
        window.fetch = (path, options) => path.includes('evaluate') && options.body.includes('\"-10\"')
          ? new Promise((resolve, reject) => {
              window.holding = true;
              options.signal.addEventListener('abort', () => { window.cancelled = true; reject(options.signal.reason); });
            })
          : real(path, options)";
    browser.script(slow, json!([])).await;
    browser.fill("[name=value]", "10").await;
    browser.wait("window.holding").await;
    browser.fill("[name=value]", "50").await;
    to_pay(&browser, "141.95").await;
    assert_eq!(browser.read("window.cancelled").await, true);
    browser.close(&[]).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn a_stored_rule_is_priced_as_it_would_be_changed_and_kept_where_it_is_needed() {
    let (api, spring) = shop().await;
    let precise = json!({
        "automatic_discount": true, "title": "All", "starts_at": "2019-03-11T16:08:23.609673+08:00", "priority": -1,
        "allocation_method": "each",
    });
    let all = id(&api.post(RULES, &rule(&precise)).await);
    let before = api.get(&one(RULES, all)).await.assert_status(200);
    let browser = Browser::signed_in(&api, DESK).await;
    browser.show(&format!("price_rules/{all}")).await;
    to_pay(&browser, "241.90").await;
    browser.click("[name=is_enabled]").await;
    browser.says("It is not enabled.").await;
    browser.click("[name=is_enabled]").await;
    to_pay(&browser, "241.90").await;
    // Saving an unchanged form changes nothing, to the microsecond.
    browser.click("form[aria-label=Rule] [type=submit]").await;
    browser.says("All is saved.").await;
    assert_eq!(api.get(&one(RULES, all)).await.assert_status(200), before);
    browser.show(&format!("price_rules/{}", spring.rule)).await;
    browser.click("[data-delete]").await;
    browser.click_text("Delete").await;
    browser.wait("document.querySelector('.error-box')").await;
    api.get(&one(RULES, spring.rule)).await.assert_status(200);
    browser.show(&format!("price_rules/{all}")).await;
    browser.click("[data-delete]").await;
    browser.click_text("Delete").await;
    browser.shown("#/price_rules").await;
    api.get(&one(RULES, all)).await.assert_status(404);
    browser.close(&[409]).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn a_rule_of_each_kind_is_made_as_the_api_has_it() {
    let (api, _) = shop().await;
    let browser = Browser::signed_in(&api, DESK).await;
    browser.show("price_rules/new").await;
    browser.fill("[name=title]", "Free shipping").await;
    browser.choose("[name=kind]", "free_shipping").await;
    browser.fill("[name=prerequisite_shipping_price_range]", "20").await;
    to_pay(&browser, "259.90").await;
    browser.click("form[aria-label=Rule] [type=submit]").await;
    browser.says("Free shipping is saved.").await;
    browser.show("price_rules/new").await;
    browser.fill("[name=title]", "Two and one").await;
    browser.choose("[name=kind]", "buy_x_get_y").await;
    browser.fill("[name=value]", "100").await;
    browser.fill("[name=buy]", "2").await;
    browser.fill("[name=get]", "1").await;
    browser.click("form[aria-label=Rule] [type=submit]").await;
    // This kind of rule has no field for the error, so that it stands in the summary.
    let summary = browser.wait("document.querySelector('[data-summary]').textContent").await;
    assert_eq!(summary, "At least one of the entitled lists must not be empty.");
    browser.fill("[name=get]", "\u{E003}").await;
    browser.fill("[name=entitled_product_ids]", "1001, 1002").await;
    browser.click("form[aria-label=Rule] [type=submit]").await;
    let ratio = "prerequisite_to_entitlement_quantity_ratio.entitled_quantity";
    assert_eq!(browser.error_of(ratio).await, "A valid integer is required.");
    assert_eq!(browser.read("document.activeElement.name").await, "get");
    browser.says("Get units cheaper: A valid integer is required.").await;
    browser.fill("[name=value]", "150").await;
    browser.fill("[name=get]", "1").await;
    browser.click("form[aria-label=Rule] [type=submit]").await;
    assert_eq!(browser.error_of("value").await, "Ensure this value is less than or equal to 100.00.");
    browser.says("Off: Ensure this value is less than or equal to 100.00.").await;
    browser.fill("[name=value]", "100").await;
    to_pay(&browser, "212.00").await;
    browser.click("form[aria-label=Rule] [type=submit]").await;
    browser.says("Two and one is saved.").await;
    let made = api.get(&format!("{RULES}?title=Two and one")).await.assert_status(200)["results"][0].clone();
    let ratio = json!({"prerequisite_quantity": 2, "entitled_quantity": 1});
    assert_eq!(made["prerequisite_to_entitlement_quantity_ratio"], ratio);
    browser.close(&[400]).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn a_cart_is_tried_with_codes_as_a_customer() {
    let (api, spring) = shop().await;
    let code = issued(&give(&api, spring.id, [1]).await)[0]["code"].clone();
    let browser = Browser::signed_in(&api, DESK).await;
    browser.show("evaluate").await;
    to_pay(&browser, "271.90").await;
    browser.fill("[name=codes]", &format!("{}, nothing", code.as_str().expect("a text"))).await;
    to_pay(&browser, "261.90").await;
    browser.says("No such code").await;
    browser.fill("[name=customer_id]", "2").await;
    browser.says("Of another customer").await;
    to_pay(&browser, "271.90").await;
    browser.fill("[name=customer_id]", "999").await;
    assert_eq!(browser.error_of("customer_id").await, "There is no 999.");
    browser.click("[data-add-line]").await;
    browser.fill("[name=customer_id]", "1").await;
    to_pay(&browser, "271.90").await;
    browser.close(&[400]).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn a_cart_is_tried_as_whoever_has_its_codes() {
    let (api, spring) = shop().await;
    let once = json!({"automatic_discount": true, "once_per_customer": true, "value": "-50.00", "title": "First"});
    api.post(RULES, &rule(&once)).await.assert_status(201);
    let codes: Vec<_> = issued(&give(&api, spring.id, [1, 2]).await)
        .iter()
        .map(|code| code["code"].as_str().expect("a text").to_owned())
        .collect();
    let line = json!({"id": 1, "product_id": 1, "quantity": 1, "price": "90.00"});
    let used = json!({"codes": [], "customer_id": 1, "order_id": 5, "cart": {"lines": [line]}});
    api.post(USE, &used).await.assert_status(200);
    let browser = Browser::signed_in(&api, DESK).await;
    let type_in = async |text: &str| {
        browser.show("levels").await;
        browser.show("evaluate").await;
        browser.fill("[name=codes]", text).await;
        browser.shown("").await;
    };
    // A code as it is read aloud, and a customer who has used the rule that allows one use.
    type_in(&format!("{} {}", &codes[0][..4], &codes[0][4..])).await;
    browser.says("As the customer 1, who has the codes.").await;
    browser.says("This customer has used it.").await;
    to_pay(&browser, "261.90").await;
    type_in(&codes[1]).await;
    browser.says("As the customer 2, who has the codes.").await;
    to_pay(&browser, "211.90").await;
    type_in(&codes.join(" ")).await;
    browser.says("These codes belong to several customers.").await;
    assert_eq!(browser.read("document.querySelectorAll('.priced .badge.plus').length >= 2").await, true);
    let moment = "const field = document.querySelector('[name=at]'); field.value = '2999-01-01T00:00';
        field.dispatchEvent(new Event('input', { bubbles: true }))";
    browser.script(moment, json!([])).await;
    browser.says("Priced for 2999-01-01 00:00, not for now.").await;
    type_in("nothing here").await;
    browser.says("No such code").await;
    browser.close(&[]).await;
}
