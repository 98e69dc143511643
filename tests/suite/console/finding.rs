//! Searches for customers, codes and coupons, and the messages for no result.

use chrono::{TimeDelta, Utc};
use serde_json::json;

use super::{
    browser::{Browser, DESK},
    shop,
};
use crate::support::{
    CODES, COUPONS, CUSTOMERS, RULES, customer,
    discounts::{FUTURE, PAST, change_rule, coupon_on, give, issued_ids, rule, set_status},
    one,
};

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn whoever_is_meant_by_a_number_is_found_or_asked_for() {
    let (api, spring) = shop().await;
    api.put(&one(CUSTOMERS, 801), &customer("91234567")).await.assert_status(201);
    let code = issued_ids(&give(&api, spring.id, [801]).await)[0];
    let browser = Browser::signed_in(&api, DESK).await;
    browser.show("codes?customer=91234567").await;
    browser.wait("document.querySelector('[data-count=\"1\"]')").await;
    api.put(&one(CUSTOMERS, 91_234_567), &customer("13900000008")).await.assert_status(201);
    browser.show("codes").await;
    browser.show("codes?customer=91234567").await;
    browser.says("Several customers have this number:").await;
    browser.click_text("#801").await;
    browser.wait("document.querySelector('[data-count=\"1\"]')").await;
    browser.show("codes?customer=021-6234567").await;
    assert_eq!(browser.error_of("customer").await, "No customer has the id or the mobile number 021-6234567.");
    // A code can be issued by phone number if the number identifies one customer.
    browser.show(&format!("codes/{code}")).await;
    for (number, said) in
        [("91234567", "Several customers have this number: #801, #91234567"), ("139-0000-0009", "No customer has")]
    {
        browser.fill("[name=customer_id]", number).await;
        browser.click("form[aria-label=Transfer] [type=submit]").await;
        browser.says(said).await;
    }
    browser.fill("[name=customer_id]", "139 0000 0002").await;
    browser.click("form[aria-label=Transfer] [type=submit]").await;
    browser.says("The code has a new owner.").await;
    assert_eq!(api.get(&one(CODES, code)).await.assert_status(200)["customer_id"], 2);
    // The same holds for the customer of a trial cart.
    browser.show("evaluate?customer=91234567").await;
    assert!(browser.error_of("customer_id").await.starts_with("Several customers"));
    browser.show("evaluate?customer=13900000002").await;
    browser.wait("document.querySelector('[data-total]')").await;
    browser.click("[data-sign-out]").await;
    browser.sign_in(&api.token("demo", "discounts:read").await).await;
    browser.show("codes?customer=13900000002").await;
    browser.says("This token may not look up mobile numbers").await;
    // A customer with a known id opens without the scope for the customer list.
    browser.click("[data-sign-out]").await;
    browser.sign_in(&api.token("demo", "loyalty:read").await).await;
    browser.show("customers").await;
    browser.says("This token may not look up mobile numbers").await;
    browser.fill("[name=q]", "2").await;
    browser.click("[role=search] [type=submit]").await;
    browser.shown("#/customers/2").await;
    browser.says("Ledger").await;
    browser.close(&[400, 403]).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn what_cannot_be_looked_up_is_not_said_not_to_be_there() {
    let (api, spring) = shop().await;
    let codes = issued_ids(&give(&api, spring.id, [1, 2]).await);
    for (code, text) in codes.iter().zip(["VIP", "VIP,2026"]) {
        api.put(&one(CODES, code), &json!({"code": text})).await.assert_status(200);
    }
    let browser = Browser::signed_in(&api, DESK).await;
    for text in ["VIP,2026", "VIP，2026"] {
        browser.show("codes").await;
        browser.fill("[name=code]", text).await;
        browser.click("[role=search] [type=submit]").await;
        assert!(browser.error_of("code").await.starts_with("A code with a comma cannot be looked up."));
    }
    browser.show("coupons?value_type=fixed_amount&title=none").await;
    browser.says("Nothing here.").await;
    browser.show("coupons?code_prefix=Spring").await;
    browser.says("No coupon has the prefix Spring. Small and capital letters are different.").await;
    // A list that has become shorter shows its last page.
    for number in 0..25 {
        api.post(RULES, &rule(&json!({"title": format!("Rule {number}")}))).await.assert_status(201);
    }
    browser.script("location.hash = '#/price_rules?page=7'", json!([])).await;
    browser.shown("#/price_rules?page=2").await;
    browser.says("Page 2 of 2").await;
    browser.close(&[404]).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn a_code_says_what_a_checkout_would_say_of_it() {
    let (api, spring) = shop().await;
    let codes = issued_ids(&give(&api, spring.id, [1, 2]).await);
    let browser = Browser::signed_in(&api, DESK).await;
    let says_refused = "document.body.innerText.includes('A checkout would refuse it now')";
    browser.show(&format!("codes/{}", codes[0])).await;
    assert_eq!(browser.read(says_refused).await, false);
    for (change, state) in
        [(json!({"is_enabled": false}), "Off"), (json!({"is_enabled": true, "starts_at": FUTURE}), "Not begun")]
    {
        change_rule(&api, spring.rule, &change).await;
        browser.show("codes").await;
        browser.show(&format!("codes/{}", codes[0])).await;
        assert_eq!(browser.read(says_refused).await, true);
        browser.says(state).await;
    }
    // The page uses the clock of the service instead of its own.
    let soon = (Utc::now() + TimeDelta::hours(10)).to_rfc3339();
    change_rule(&api, spring.rule, &json!({"starts_at": PAST, "ends_at": soon})).await;
    browser.script("const real = Date.now; Date.now = () => real() + 86400e3", json!([])).await;
    browser.show("codes").await;
    browser.show(&format!("codes/{}", codes[0])).await;
    assert_eq!(browser.read(says_refused).await, false);
    // A customer who has used a rule that allows one use has a worthless code. The page asks before it issues another.
    change_rule(&api, spring.rule, &json!({"ends_at": null, "once_per_customer": true})).await;
    let again = issued_ids(&give(&api, spring.id, [1]).await)[0];
    set_status(&api, codes[0], "used").await.assert_status(200);
    browser.show(&format!("codes/{again}")).await;
    assert_eq!(browser.read(says_refused).await, true);
    browser.says("Used by this customer").await;
    browser.show(&format!("codes/{}", codes[1])).await;
    browser.fill("[name=customer_id]", "1").await;
    browser.click("form[aria-label=Transfer] [type=submit]").await;
    browser.says("The customer 1 has used its rule. Transfer it all the same?").await;
    browser.click_text("Cancel").await;
    browser.leave_for("levels").await;
    browser.show("codes/issue?prefix=spring").await;
    browser.fill("[name=customers]", "1\n2\n2\n").await;
    browser.click("form [type=submit]").await;
    browser.says("spring is once for each customer, and these have used it: 1.").await;
    browser.says("a checkout takes only the first that is used").await;
    browser.click("[data-edit]").await;
    browser.leave_for("codes").await;
    set_status(&api, codes[0], "unused").await.assert_status(200);
    // Uses of the rule's other coupons count, too.
    let second = coupon_on(&api, "second", spring.rule).await;
    change_rule(&api, spring.rule, &json!({"usage_limit": 1, "once_per_customer": false})).await;
    let other = issued_ids(&give(&api, second, [2]).await)[0];
    set_status(&api, other, "used").await.assert_status(200);
    browser.show("codes").await;
    for view in
        [format!("codes/{}", codes[0]), format!("coupons/{}", spring.id), format!("price_rules/{}", spring.rule)]
    {
        browser.show(&view).await;
        browser.wait("document.querySelector('.head').innerText.includes('Used up')").await;
    }
    browser.show(&format!("coupons/{}", spring.id)).await;
    browser.says("Codes can still be claimed, and a checkout refuses them.").await;
    browser.show("codes/issue?prefix=spring").await;
    browser.fill("[name=customers]", "1\n2\n").await;
    browser.click("form [type=submit]").await;
    browser.says("The uses of the rule of spring are used up").await;
    browser.says("The rule of spring has 1 uses in all, fewer than the list has codes.").await;
    for list in ["price_rules", "coupons"] {
        browser.show(list).await;
        browser.says("Used up").await;
    }
    // The warning about a list reflects the state at the time of sending.
    change_rule(&api, spring.rule, &json!({"usage_limit": 5})).await;
    browser.show("codes/issue").await;
    assert_eq!(browser.read("document.body.innerText.includes('are used up')").await, false);
    change_rule(&api, spring.rule, &json!({"usage_limit": 1})).await;
    browser.click("[data-go-on]").await;
    browser.says("The uses of the rule of spring are used up").await;
    browser.says("0 issued · 0 refused · 2 open").await;
    // The used codes of a deleted coupon are shown and cannot be changed.
    change_rule(&api, spring.rule, &json!({"usage_limit": 0})).await;
    set_status(&api, codes[1], "used").await.assert_status(200);
    api.delete(&one(COUPONS, spring.id)).await.assert_status(204);
    browser.show(&format!("codes/{}", codes[1])).await;
    browser.says("spring, deleted").await;
    assert_eq!(browser.read("document.querySelector('#main form')").await, json!(null));
    browser.close(&[404]).await;
}
