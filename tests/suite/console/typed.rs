//! Typed input: its human notations, its protection against loss, and saving beside the changes of others.

use serde_json::json;
use tests::Api;

use super::{
    browser::{Browser, DESK},
    shop,
};
use crate::support::{
    CUSTOMERS, LEVELS, RULES, customer,
    discounts::{FUTURE, change_rule, coupon, give, issued, rule, with},
    id, one,
};

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn what_is_typed_in_is_not_lost_without_a_question() {
    let (api, _) = shop().await;
    let browser = Browser::signed_in(&api, DESK).await;
    browser.show("coupons").await;
    browser.show("levels/new").await;
    browser.fill("[name=title]", "Gold").await;
    for way in ["location.hash = '#/customers'", "history.back()"] {
        browser.script(way, json!([])).await;
        browser.says("Leave this page?").await;
        browser.click_text("Cancel").await;
        browser.shown("#/levels/new").await;
        assert_eq!(browser.read("location.hash").await, "#/levels/new");
        assert_eq!(browser.read("document.querySelector('[name=title]').value").await, "Gold");
    }
    // Refused input is still unsaved.
    browser.fill("[name=sign_points]", "x").await;
    browser.click("form [type=submit]").await;
    browser.error_of("sign_points").await;
    browser.leave_for("customers").await;
    // Saved input needs no question.
    browser.show("levels/new").await;
    browser.fill("[name=title]", "Gold").await;
    browser.click("form [type=submit]").await;
    browser.says("Gold is saved.").await;
    browser.shown("#/levels").await;
    browser.show("levels/new").await;
    browser.fill("[name=title]", "Other").await;
    browser.click("[data-sign-out]").await;
    browser.says("What you typed in here is lost then.").await;
    browser.click_text("Cancel").await;
    assert_eq!(browser.read("document.querySelector('[name=title]').value").await, "Other");
    browser.click_text("Cancel").await;
    browser.click_text("Leave").await;
    // Unsaved input of a row goes with the row.
    browser.show("levels").await;
    browser.click_text("Gold").await;
    browser.fill("[name=title]", "Silver").await;
    browser.click("[data-delete]").await;
    browser.click_text("Delete").await;
    browser.shown("#/levels").await;
    assert_eq!(browser.read("document.querySelector('dialog')").await, json!(null));
    browser.close(&[400]).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn a_list_and_codes_that_nobody_saved_are_not_lost_without_a_question() {
    let (api, _) = shop().await;
    let browser = Browser::signed_in(&api, DESK).await;
    browser.show("codes/issue?prefix=spring").await;
    browser.fill("[name=customers]", "1,,later\nx\n").await;
    browser.click("form [type=submit]").await;
    browser.says("This is no customer id.").await;
    browser.says("Not read: later.").await;
    browser.click("[data-edit]").await;
    browser.wait("document.querySelector('[name=customers]').value").await;
    browser.leave_for("levels").await;
    browser.show("codes/issue?prefix=spring").await;
    browser.fill("[name=customers]", "1\n２，spring\nx\n77\n").await;
    browser.click("form [type=submit]").await;
    // Input that is refused after a save is not saved.
    browser.click("[data-save-refused]").await;
    browser.click("[data-leave-out]").await;
    browser.wait("document.querySelector('[data-refused=\"1\"]')").await;
    browser.says("There is no 77.").await;
    browser.click("[data-leave-out]").await;
    browser.wait("document.querySelector('[data-issued=\"2\"]')").await;
    browser.click("[data-edit]").await;
    assert_eq!(browser.wait("document.querySelector('[name=customers]')?.value").await, "77,spring");
    // The page asks about a list that names coupons of its own besides the typed one.
    browser.fill("[name=prefix]", "autumn").await;
    browser.click("form [type=submit]").await;
    browser.says("The list names coupons of its own: spring. No row gets autumn.").await;
    browser.click("[data-sign-out]").await;
    browser.says("are not saved: 2.").await;
    browser.says("The list of an issue in this tab is lost then.").await;
    browser.screenshot("sign-out-with-codes").await;
    browser.click_text("Cancel").await;
    browser.click("[data-sign-out]").await;
    browser.click("dialog[open] .danger").await;
    browser.wait("document.querySelector('input[name=token]')").await;
    assert_eq!(browser.read("sessionStorage.length").await, 0);
    browser.close(&[400]).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn a_save_leaves_what_somebody_else_saved_meanwhile() {
    let (api, spring) = shop().await;
    let level = id(&api.post(LEVELS, &json!({"title": "Silver", "redeem_points": 100})).await);
    let browser = Browser::signed_in(&api, DESK).await;
    browser.show(&format!("levels/{level}")).await;
    api.put(&one(LEVELS, level), &json!({"title": "Silver", "redeem_points": 200})).await.assert_status(200);
    browser.fill("[name=title]", "Silver card").await;
    browser.click("form [type=submit]").await;
    browser.shown("#/levels").await;
    let row = api.get(&one(LEVELS, level)).await.assert_status(200);
    assert_eq!((&row["title"], &row["redeem_points"]), (&json!("Silver card"), &json!(200)));

    browser.show(&format!("price_rules/{}", spring.rule)).await;
    let mut rule = api.get(&one(RULES, spring.rule)).await.assert_status(200);
    rule["value"] = json!("-50.00");
    rule["usage_limit"] = json!(7);
    api.put(&one(RULES, spring.rule), &rule).await.assert_status(200);
    browser.fill("[name=title]", "Renamed").await;
    browser.fill("[name=priority]", "３").await;
    browser.click("form[aria-label=Rule] [type=submit]").await;
    browser.shown("#/price_rules").await;
    let row = api.get(&one(RULES, spring.rule)).await.assert_status(200);
    assert_eq!((&row["title"], &row["priority"]), (&json!("Renamed"), &json!(3)));
    assert_eq!((&row["value"], &row["usage_limit"]), (&json!("-50.00"), &json!(7)));

    // A value belongs to its kind. Another user has made the rule a percentage: 30 yuan must not become 30 percent, and
    // the change of another part must not undo the other user's change.
    let path = format!("price_rules/{}", spring.rule);
    for (field, typed, value) in
        [("value", "30", "-5.00"), ("prerequisite_subtotal_range", "300", "-6.00"), ("allocation_limit", "5", "-7.00")]
    {
        browser.show(&path).await;
        browser.says("A change counts for these coupons too: spring").await;
        let changes = json!({"value_type": "percentage", "value": value, "usage_limit": 8});
        api.put(&one(RULES, spring.rule), &with(row.clone(), &changes)).await.assert_status(200);
        browser.fill(&format!("[name={field}]"), typed).await;
        browser.click("form[aria-label=Rule] [type=submit]").await;
        browser.says("Somebody else has changed what this rule gives.").await;
        browser.leave_for("levels").await;
    }
    let row = api.get(&one(RULES, spring.rule)).await.assert_status(200);
    assert_eq!((&row["value_type"], &row["value"]), (&json!("percentage"), &json!("-7.00")));
    assert_eq!((&row["allocation_limit"], &row["usage_limit"]), (&json!(0), &json!(8)));

    // The page says that another user has deleted the row.
    browser.show(&format!("levels/{level}")).await;
    api.delete(&one(LEVELS, level)).await.assert_status(204);
    browser.fill("[name=title]", "Gone").await;
    browser.click("form [type=submit]").await;
    browser.says("Not found.").await;
    browser.close(&[404]).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn a_day_without_its_time_is_refused() {
    let (api, spring) = shop().await;
    change_rule(&api, spring.rule, &json!({"ends_at": FUTURE})).await;
    let before = api.get(&one(RULES, spring.rule)).await.assert_status(200);
    let browser = Browser::signed_in(&api, DESK).await;
    browser.show(&format!("price_rules/{}", spring.rule)).await;
    // One key removes the month and thereby the value of the field.
    browser.click("[name=ends_at]").await;
    browser.script("document.querySelector('[name=ends_at]').focus()", json!([])).await;
    browser.press("\u{E003}").await;
    assert_eq!(browser.read("document.querySelector('[name=ends_at]').validity.badInput").await, true);
    browser.says("Until: A day, with its whole year, and a time are needed, or neither.").await;
    browser.click("form[aria-label=Rule] [type=submit]").await;
    assert_eq!(browser.error_of("ends_at").await, "A day, with its whole year, and a time are needed, or neither.");
    assert_eq!(api.get(&one(RULES, spring.rule)).await.assert_status(200)["ends_at"], before["ends_at"]);
    // A year of two digits is refused, and a comma does not split a vendor's name.
    let vendors = json!({"target_selection": "entitled", "entitled_vendor_titles": ["Foo, Inc.", "Bar"]});
    change_rule(&api, spring.rule, &vendors).await;
    browser.leave_for("levels").await;
    browser.show(&format!("price_rules/{}", spring.rule)).await;
    browser.choose("[name=ends_at]", "0026-12-31T23:59:00").await;
    browser.fill("[name=value]", "15").await;
    browser.click("form[aria-label=Rule] [type=submit]").await;
    browser.error_of("ends_at").await;
    browser.choose("[name=ends_at]", "2998-12-31T23:59:00").await;
    browser.click("form[aria-label=Rule] [type=submit]").await;
    browser.shown("#/price_rules").await;
    let row = api.get(&one(RULES, spring.rule)).await.assert_status(200);
    assert_eq!((&row["value"], &row["ends_at"]), (&json!("-15.00"), &json!("2998-12-31T23:59:00+08:00")));
    assert_eq!(row["entitled_vendor_titles"], vendors["entitled_vendor_titles"]);
    // An invalid time is not kept for the next visit.
    browser.show("evaluate").await;
    browser.click("[name=at]").await;
    browser.press("1").await;
    browser.wait("document.querySelector('[name=at]').validity.badInput").await;
    assert_eq!(browser.read("JSON.parse(sessionStorage.getItem('youhui.try'))?.at ?? null").await, json!(null));
    browser.close(&[400]).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn a_quota_is_not_taken_for_times_in_a_cart() {
    let api = Api::empty().await;
    let few = coupon(&api, "few", &json!({"allocation_limit": 2})).await;
    let automatic = id(&api.post(RULES, &rule(&json!({"title": "Old", "automatic_discount": true}))).await);
    let browser = Browser::signed_in(&api, DESK).await;
    browser.show(&format!("price_rules/{}", few.rule)).await;
    browser.choose("[name=kind]", "buy_x_get_y").await;
    browser.says("Times in one cart").await;
    assert_eq!(browser.read("document.querySelector('[name=allocation_limit]').value").await, "");
    browser.leave_for("evaluate").await;
    // A newly opened view has the current names.
    browser.says("Old").await;
    api.put(&one(RULES, automatic), &rule(&json!({"title": "New", "automatic_discount": true})))
        .await
        .assert_status(200);
    browser.show("coupons/new").await;
    browser.script("document.querySelector('[name=on_rule]').click()", json!([])).await;
    browser.fill("[name=code_prefix]", "more").await;
    browser.click("form[aria-label='New coupon'] [type=submit]").await;
    assert_eq!(browser.error_of("price_rule_id").await, "This field is required.");
    browser.leave_for("evaluate").await;
    browser.says("New").await;
    browser.close(&[400]).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn numbers_are_read_as_people_write_them() {
    let (api, _) = shop().await;
    let cased = coupon(&api, "Case", &json!({})).await;
    for (id, mobile) in [(11, "139 1111 2222"), (12, "+86 139-3333-4444"), (13, "+8613955556666")] {
        api.put(&one(CUSTOMERS, id), &customer(mobile)).await.assert_status(201);
    }
    let browser = Browser::signed_in(&api, DESK).await;
    for (text, id) in [("13911112222", 11), ("139-3333-4444", 12), ("１３９５５５５６６６６", 13), ("０１２", 12)]
    {
        browser.show("customers").await;
        browser.fill("[name=q]", text).await;
        browser.press("\u{E007}").await;
        browser.shown(&format!("#/customers/{id}")).await;
    }
    browser.show("price_rules/new").await;
    browser.fill("[name=title]", "Thousand").await;
    browser.choose("[name=kind]", "fixed_amount").await;
    browser.fill("[name=value]", "0,125").await;
    browser.choose("[name=target_selection]", "entitled").await;
    browser.fill("[name=entitled_product_ids]", "1,001\n1,002").await;
    browser.click("form[aria-label=Rule] [type=submit]").await;
    for field in ["value", "entitled_product_ids"] {
        assert!(browser.error_of(field).await.starts_with("A valid"), "{field}");
    }
    browser.choose("[name=target_selection]", "all").await;
    browser.fill("[name=value]", "１，０００").await;
    browser.fill("[name=prerequisite_subtotal_range]", "2,000.00").await;
    // The first line of the cart in the adjacent form: 2 x 1,100.00 + 59.90, and 12.00 of shipping.
    browser.fill("form[aria-label='Example cart'] [name=price]", "1,100.00").await;
    browser.wait("document.querySelector('[data-total=\"1271.90\"]')").await;
    browser.fill("[name=starts_at]", "").await;
    browser.click("form[aria-label=Rule] [type=submit]").await;
    browser.says("Thousand is saved.").await;
    let made = api.get(&format!("{RULES}?title=Thousand")).await.assert_status(200)["results"][0].clone();
    assert_eq!(made["value"], "-1000.00");
    let code = issued(&give(&api, cased.id, [11]).await)[0]["code"].as_str().expect("a text").to_owned();
    let wide: String = code.chars().map(|sign| char::from_u32(u32::from(sign) + 0xFEE0).expect("a sign")).collect();
    for text in [wide, format!("{} {}", &code[..4], &code[4..])] {
        browser.show("codes").await;
        browser.fill("[name=code]", &text).await;
        browser.fill("[name=prefix]", "Ｃase").await;
        browser.fill("[name=customer]", "139-1111-2222").await;
        browser.click("[role=search] [type=submit]").await;
        browser.wait("document.querySelector('[data-count=\"1\"]')").await;
    }
    api.put(&one(CUSTOMERS, 14), &customer("139 1111 2222")).await.assert_status(201);
    browser.show("codes").await;
    browser.fill("[name=customer]", "13911112222").await;
    browser.click("[role=search] [type=submit]").await;
    browser.says("Several customers have this number:").await;
    browser.click_text("#11").await;
    browser.wait("document.querySelector('[data-count=\"1\"]')").await;
    browser.show("codes?customer=13955556666").await;
    browser.click("[data-new]").await;
    assert_eq!(browser.wait("document.querySelector('[name=customers]')?.value").await, "13");
    browser.show("codes").await;
    browser.fill("[name=customer]", "13900000099").await;
    browser.click("[role=search] [type=submit]").await;
    browser.says("No such code of the customer 13900000099.").await;
    browser.show("codes").await;
    browser.fill("[name=code]", "caseX").await;
    browser.click("[role=search] [type=submit]").await;
    browser.says("No code reads caseX. Small and capital letters are different.").await;
    browser.show("codes").await;
    browser.fill("[name=customer]", "１１").await;
    browser.click("[role=search] [type=submit]").await;
    browser.wait("document.querySelector('[data-count=\"1\"]')").await;
    browser.close(&[400]).await;
}
