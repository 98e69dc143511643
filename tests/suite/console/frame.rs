//! The frame of the console: token, languages, shortcuts, scopes, and hostile texts.

use serde_json::json;
use tests::{Api, TOKEN};

use super::{
    browser::{Browser, DESK, Screen},
    shop,
};
use crate::support::{
    CUSTOMERS, LEVELS, customer,
    discounts::{coupon, give},
    one,
};

const ENTER: &str = "\u{E007}";
const ESCAPE: &str = "\u{E00C}";
const TAB: &str = "\u{E004}";

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn a_token_opens_the_console_for_one_tab_until_it_signs_out() {
    let api = Api::start().await;
    let browser = Browser::open(&api, DESK).await;
    browser.click("form [type=submit]").await;
    assert_eq!(browser.error_of("token").await, "A token is needed.");
    browser.fill("[name=token]", "no-such-token").await;
    browser.click("form [type=submit]").await;
    browser.says("The token is not valid").await;
    browser.sign_in(TOKEN).await;
    browser.says("初级会员").await;
    // The token survives a reload. It is stored in no address and in nothing that outlives the tab.
    browser.script("location.reload()", json!([])).await;
    browser.says("初级会员").await;
    assert!(!browser.read("location.href").await.to_string().contains(TOKEN));
    assert_eq!(browser.read("JSON.stringify({...localStorage}) + document.cookie").await, "{}");
    browser.click("[data-sign-out]").await;
    browser.wait("document.querySelector('input[name=token]')").await;
    assert_eq!(browser.read("sessionStorage.length").await, 0);
    browser.close(&[401]).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn a_token_that_was_revoked_leads_back_to_the_question_for_one() {
    let api = Api::start().await;
    let browser = Browser::signed_in(&api, DESK).await;
    let keep = "sessionStorage.setItem('youhui.token', 'revoked'); sessionStorage.setItem('youhui.given_back', '[1]')";
    browser.script(keep, json!([])).await;
    browser.script("location.hash = '#/customers'", json!([])).await;
    browser.says("The token is not valid, or not any more").await;
    browser.fill("[name=token]", "no-such-token").await;
    browser.click("form [type=submit]").await;
    browser.error_of("token").await;
    assert_eq!(browser.read("document.querySelectorAll('.error-box').length").await, 0, "one error at a time");
    browser.sign_in(TOKEN).await;
    browser.says("Customers").await;
    assert_eq!(browser.read("location.hash").await, "#/customers", "back where one was");
    // The next token may belong to another shop, whose entries have the same ids.
    assert_eq!(browser.read("sessionStorage.getItem('youhui.given_back')").await, json!(null));
    browser.close(&[401]).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn a_missing_scope_is_named() {
    let api = Api::start().await;
    let token = api.token("demo", "loyalty:read").await;
    let browser = Browser::open(&api, DESK).await;
    browser.sign_in(&token).await;
    browser.says("初级会员").await;
    browser.show("codes").await;
    browser.says("lacks the scope discounts:read").await;
    assert_eq!(browser.read("document.querySelectorAll('.error-box button').length").await, 0, "no second try");
    browser.show("levels/new").await;
    browser.fill("[name=title]", "mine").await;
    browser.click("form [type=submit]").await;
    browser.says("lacks the scope loyalty:write").await;
    // A token opens the first section that it may read.
    let discounts = api.token("demo", "discounts:read").await;
    browser.leave_for("levels").await;
    browser.click("[data-sign-out]").await;
    browser.fill("[name=token]", &discounts).await;
    browser.click("form [type=submit]").await;
    browser.shown("#/coupons").await;
    assert_eq!(browser.read("document.querySelector('h1').textContent").await, "Coupons");
    browser.show("customers").await;
    browser.says("This token may not look up mobile numbers (crm:read).").await;
    browser.close(&[403]).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn a_busy_service_is_asked_again_and_a_fault_shows_its_request_id() {
    let api = Api::start().await;
    let browser = Browser::signed_in(&api, DESK).await;
    let busy = "const [fetched, timeout] = [window.fetch, window.setTimeout];
        window.setTimeout = (run, pause) => timeout(run, Math.min(pause, 20));
        window.busy = 2;
        window.fetch = async (path, options) => {
          if (window.busy === 0) return fetched(path, options);
          window.busy -= 1;
          const headers = {'retry-after': '1', 'x-request-id': 'r-7'};
          return new Response('{\"detail\": \"The service is busy.\"}', {status: 503, headers});
        }";
    browser.script(busy, json!([])).await;
    browser.show("customers").await;
    browser.says("13400000000").await;
    browser.script("window.busy = 1000", json!([])).await;
    browser.show("codes").await;
    browser.says("The service could not answer (503)").await;
    browser.says("Request id: r-7").await;
    browser.script("window.busy = 0", json!([])).await;
    browser.click_text("Try again").await;
    browser.says("jB7nNJPbf16adc").await;
    browser.close(&[]).await;
}

/// A script that holds back the requests that `held` matches. They wait in `waiting` and can be refused.
const HOLD: &str = "const real = window.fetch; window.held = () => false; window.waiting = [];
    window.fetch = async (path, options) => {
      const turn = window.held(path, options) ? new Promise((go) => { window.waiting.push(go); }) : null;
      if (await turn === 'fail') return new Response('{\"detail\": \"No.\"}', {status: 409});
      return real(path, options);
    }";

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn a_reply_that_comes_late_touches_no_other_view() {
    let (api, spring) = shop().await;
    let browser = Browser::signed_in(&api, DESK).await;
    browser.script(HOLD, json!([])).await;
    let held = async |held: &str| browser.script(&format!("window.held = {held}"), json!([])).await;
    let answer = async |how: &str| {
        browser.wait("window.waiting.length > 0").await;
        browser.script("window.waiting.shift()(arguments[0])", json!([how])).await
    };
    // A form that was left by Cancel for another form with input.
    let leave_for_another = async || {
        browser.show("price_rules/new").await;
        browser.fill("[name=title]", "typed").await;
    };
    let adjust_and_leave = async || {
        browser.leave_for("customers/1").await;
        browser.fill("form[aria-label='Adjust points'] [name=points]", "5").await;
        browser.click("form[aria-label='Adjust points'] [type=submit]").await;
        browser.wait("window.waiting.length > 0").await;
        leave_for_another().await;
    };
    let is_untouched = async || {
        browser.shown("#/price_rules/new").await;
        assert_eq!(browser.read("document.querySelector('[name=title]').value").await, "typed");
        assert_eq!(browser.read("document.querySelectorAll('.error-box, dialog').length").await, 0);
    };
    let changes = "(_, {method}) => method === 'PUT' || method === 'POST' && !_.includes('evaluate')";
    browser.show("levels/new").await;
    browser.fill("[name=title]", "Late").await;
    held(changes).await;
    browser.click("form [type=submit]").await;
    browser.wait("window.waiting.length > 0").await;
    browser.click_text("Cancel").await;
    browser.shown("#/levels").await;
    leave_for_another().await;
    answer("").await;
    browser.says("Late is saved.").await;
    is_untouched().await;
    // A part that is redrawn after a change, refused after leaving the view.
    adjust_and_leave().await;
    answer("fail").await;
    browser.says("Adjust points: No.").await;
    is_untouched().await;
    adjust_and_leave().await;
    answer("").await;
    browser.says("+5 points.").await;
    is_untouched().await;
    // A confirmation that appears too late.
    browser.leave_for(&format!("coupons/{}", spring.id)).await;
    held("(path) => path.includes('page_size=1')").await;
    browser.click("[data-delete]").await;
    browser.wait("window.waiting.length > 1").await;
    held("() => false").await;
    leave_for_another().await;
    answer("").await;
    answer("").await;
    is_untouched().await;
    // A view that is left for one that is still loading.
    browser.leave_for("levels/1").await;
    held("(path, {method}) => method === 'PUT' || path.includes('/customer/')").await;
    browser.click("form [type=submit]").await;
    browser.wait("window.waiting.length > 0").await;
    browser.script("location.hash = '#/customers'", json!([])).await;
    browser.wait("window.waiting.length > 1").await;
    answer("").await;
    browser.says("is saved.").await;
    answer("").await;
    browser.shown("#/customers").await;
    browser.close(&[409]).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn the_language_is_the_browsers_until_one_chooses() {
    let api = Api::start().await;
    let browser = Browser::signed_in(&api, Screen { language: "zh-CN", ..DESK }).await;
    browser.says("会员等级").await;
    assert_eq!(browser.read("document.documentElement.lang").await, "zh-CN");
    // Messages of the API are translated to Chinese, too.
    browser.show("levels/new").await;
    browser.click("form [type=submit]").await;
    assert_eq!(browser.error_of("title").await, "不能为空。");
    browser.click("[data-language=en]").await;
    browser.says("Points to reach it").await;
    browser.script("location.reload()", json!([])).await;
    browser.says("Points to reach it").await;
    assert_eq!(browser.read("document.documentElement.lang").await, "en");
    // Unsaved input stays.
    browser.fill("[name=title]", "Gold").await;
    browser.click("[data-language=zh]").await;
    browser.says("达标积分").await;
    browser.shown("").await;
    assert_eq!(browser.read("document.querySelector('[name=title]').value").await, "Gold");
    browser.script("location.hash = '#/customers/50784'", json!([])).await;
    browser.click_text("离开").await;
    browser.shown("#/customers/50784").await;
    browser.fill("form [name=points]", "-999999").await;
    browser.click("form [type=submit]").await;
    browser.says("该客户只有").await;
    browser.close(&[400]).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn the_whole_way_can_be_gone_by_keys() {
    let api = Api::start().await;
    let browser = Browser::open(&api, DESK).await;
    // The token field has the focus.
    browser.press(&format!("{TOKEN}{ENTER}")).await;
    browser.says("初级会员").await;
    browser.press("gc").await;
    browser.shown("#/customers").await;
    assert_eq!(browser.read("document.activeElement.tagName").await, "H1", "where a view begins");
    browser.press(&format!("/13400000000{ENTER}")).await;
    browser.says("100000").await;
    browser.press("gl").await;
    browser.shown("#/levels").await;
    browser.press("n").await;
    browser.shown("#/levels/new").await;
    browser.click("h1").await;
    browser.press("?").await;
    browser.wait("document.querySelector('dialog[open]')").await;
    browser.press(ESCAPE).await;
    browser.wait("!document.querySelector('dialog')").await;
    // Typed letters do not trigger shortcuts.
    browser.fill("[name=title]", "").await;
    browser.press("gk?n/").await;
    assert_eq!(browser.read("document.querySelector('[name=title]').value").await, "gk?n/");
    for _ in 0..7 {
        browser.press(TAB).await;
    }
    assert_eq!(browser.read("document.activeElement.type").await, "submit");
    assert_ne!(browser.read("getComputedStyle(document.activeElement).outlineStyle").await, "none");
    browser.press(ENTER).await;
    browser.says("gk?n/ is saved.").await;
    // The link to the content is the first tab stop.
    browser.script("document.activeElement.blur(); window.scrollTo(0, 0)", json!([])).await;
    browser.close(&[]).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn a_view_can_be_linked_to_and_back_goes_back() {
    let api = Api::start().await;
    let browser = Browser::signed_in(&api, DESK).await;
    browser.show("coupons").await;
    browser.show("codes?status=used").await;
    assert_eq!(browser.read("document.querySelector('[name=status]').value").await, "used");
    browser.script("history.back()", json!([])).await;
    browser.shown("#/coupons").await;
    browser.show("nowhere").await;
    browser.says("There is no such page.").await;
    assert_eq!(browser.read("document.querySelectorAll('.error-box .button').length").await, 1, "a way back only");
    browser.show("levels/999").await;
    browser.says("Not found.").await;
    browser.close(&[404]).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn hostile_texts_are_texts() {
    let (api, _) = shop().await;
    let attack = "<img src=x onerror=\"window.hacked = 1\"><script>window.hacked = 2</script>{{7*7}}";
    let mut row = customer("13900000001");
    row["full_name"] = json!(attack);
    row["note"] = json!("javascript:window.hacked = 3");
    api.put(&one(CUSTOMERS, 1), &row).await.assert_status(200);
    api.post(LEVELS, &json!({"title": "<b onclick=hacked()>x</b>"})).await.assert_status(201);
    let entitled = json!({"title": attack, "target_selection": "entitled", "entitled_vendor_titles": [attack]});
    let bad = coupon(&api, "bad", &entitled).await;
    let code = give(&api, bad.id, [1]).await.assert_status(201)["results"][0]["id"].clone();
    api.put(&format!("/api/discounts/coupon_code/{code}/"), &json!({"code": "<svg onload=hacked()>"}))
        .await
        .assert_status(200);
    let browser = Browser::signed_in(&api, DESK).await;
    let (rule, coupon, code) =
        (format!("price_rules/{}", bad.rule), format!("coupons/{}", bad.id), format!("codes/{code}"));
    for view in ["levels", "customers", "customers/1", "coupons", "codes", "price_rules", &rule, &coupon, &code] {
        browser.show(view).await;
        let injected = browser
            .read("document.querySelectorAll('main img, main script, main [onclick], main [onload]').length")
            .await;
        assert_eq!((injected, browser.read("window.hacked ?? null").await), (json!(0), json!(null)), "{view}");
    }
    browser.show("customers/1").await;
    browser.says("<img src=x onerror").await;
    browser.close(&[]).await;
}
