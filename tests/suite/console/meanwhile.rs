//! Events between the display of a page and a request from it: changes by others, lost or late replies, and an expired
//! token.

use serde_json::{Value, json};

use super::{
    browser::{Browser, DESK},
    number, shop,
};
use crate::support::{
    CODES, CUSTOMERS, HISTORY, LEVELS, RULES, customer,
    discounts::{PAST, change_rule, give, issued_ids, set_status},
    id, one,
};

/// A script that drops the replies of the next `times` changes. `heard` changes are carried out nevertheless.
async fn break_the_line(browser: &Browser, times: u64, heard: bool) {
    let script = "const [times, heard] = arguments;
        const real = window.real ??= window.fetch;
        window.lost = 0;
        window.fetch = async (path, options) => {
          const isChange = options.method !== 'GET' && !path.includes('evaluate');
          if (!isChange || window.lost >= times) return real(path, options);
          window.lost += 1;
          if (heard) await real(path, options);
          return new Response('{}', { status: 503, headers: { 'Retry-After': '0.05' } });
        }";
    browser.script(script, json!([times, heard])).await;
}

/// The number of attempts before a person has to send a change again.
const ATTEMPTS: u64 = 5;

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn a_code_that_was_used_meanwhile_is_not_used_again() {
    let (api, spring) = shop().await;
    let code = issued_ids(&give(&api, spring.id, [1]).await)[0];
    let browser = Browser::signed_in(&api, DESK).await;
    browser.show(&format!("codes/{code}")).await;
    set_status(&api, code, "used").await.assert_status(200);
    browser.click("form[aria-label='Mark as used'] [type=submit]").await;
    browser.says("This code was used already, at ").await;
    assert_eq!(browser.read("document.body.innerText.includes('is marked as used')").await, false);
    set_status(&api, code, "unused").await.assert_status(200);
    change_rule(&api, spring.rule, &json!({"ends_at": PAST})).await;
    browser.click("form[aria-label='Mark as used'] [type=submit]").await;
    browser.says("This code was changed meanwhile: Expired.").await;
    // A use that is given back too late leaves no usable code.
    change_rule(&api, spring.rule, &json!({"ends_at": null})).await;
    set_status(&api, code, "used").await.assert_status(200);
    change_rule(&api, spring.rule, &json!({"ends_at": PAST})).await;
    browser.show("codes").await;
    browser.show(&format!("codes/{code}")).await;
    browser.click("form[aria-label='Give its use back'] [type=submit]").await;
    browser.says("Its use is given back. The code has expired.").await;
    browser.shown(&format!("#/codes/{code}")).await;
    browser.fill("[name=customer_id]", "１").await;
    browser.click("form[aria-label=Transfer] [type=submit]").await;
    browser.says("The code is this customer's already.").await;
    // A release gives back the use that was shown and no other.
    change_rule(&api, spring.rule, &json!({"ends_at": null})).await;
    set_status(&api, code, "used").await.assert_status(200);
    browser.leave_for("codes").await;
    browser.show(&format!("codes/{code}")).await;
    set_status(&api, code, "unused").await.assert_status(200);
    set_status(&api, code, "used").await.assert_status(200);
    browser.click("form[aria-label='Give its use back'] [type=submit]").await;
    browser.says("This code was changed meanwhile: Used.").await;
    // The page says in advance that the code's rule has ended.
    change_rule(&api, spring.rule, &json!({"ends_at": PAST})).await;
    browser.show("codes").await;
    browser.show(&format!("codes/{code}")).await;
    browser.says("the code is expired then, and cannot be marked as used again").await;
    browser.says("Worth, as its rule is now").await;
    browser.close(&[]).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn a_use_that_was_not_answered_is_only_called_ones_own_where_it_is() {
    let (api, spring) = shop().await;
    let codes = issued_ids(&give(&api, spring.id, [1, 1, 1]).await);
    let browser = Browser::signed_in(&api, DESK).await;
    let mark = "form[aria-label='Mark as used'] [type=submit]";
    for (&code, heard) in codes.iter().zip([false, true]) {
        browser.show(&format!("codes/{code}")).await;
        break_the_line(&browser, ATTEMPTS, heard).await;
        browser.click(mark).await;
        browser.says("It may have been done; to send the same once more is safe.").await;
        if !heard {
            set_status(&api, code, "used").await.assert_status(200);
        }
        browser.click(mark).await;
        browser.says(if heard { "The code is marked as used." } else { "This code was used already, at " }).await;
    }
    // An unanswered transfer does not make the page report an unknown use.
    browser.show(&format!("codes/{}", codes[2])).await;
    break_the_line(&browser, ATTEMPTS, false).await;
    browser.fill("[name=customer_id]", "2").await;
    browser.click("form[aria-label=Transfer] [type=submit]").await;
    browser.says("It may have been done").await;
    set_status(&api, codes[2], "used").await.assert_status(200);
    browser.click(mark).await;
    browser.says("This code was used already, at ").await;
    browser.close(&[]).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn what_is_deleted_is_asked_of_as_it_is_then() {
    let (api, spring) = shop().await;
    let codes = issued_ids(&give(&api, spring.id, [1, 1]).await);
    let browser = Browser::signed_in(&api, DESK).await;
    browser.show(&format!("codes/{}", codes[0])).await;
    set_status(&api, codes[0], "used").await.assert_status(200);
    browser.click("[data-delete]").await;
    browser.says("It was used: the discount stays given").await;
    browser.click_text("Cancel").await;
    // A code that is gone after an unanswered deletion was deleted by this user.
    browser.show(&format!("codes/{}", codes[1])).await;
    break_the_line(&browser, 1, true).await;
    let delete = async || {
        browser.click("[data-delete]").await;
        browser.says("Its owner cannot use it any more.").await;
        browser.click_text("Delete").await;
    };
    delete().await;
    browser.says("The service could not answer (503). Please try again. It may have been done").await;
    api.get(&one(CODES, codes[1])).await.assert_status(404);
    browser.click("[data-delete]").await;
    browser.says("is deleted.").await;
    browser.shown("#/codes").await;
    browser.close(&[404]).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn another_amount_is_not_sent_after_one_that_was_not_answered() {
    let (api, _) = shop().await;
    let browser = Browser::signed_in(&api, DESK).await;
    browser.show("customers/1").await;
    break_the_line(&browser, ATTEMPTS, true).await;
    let adjust = async |points: &str| {
        browser.fill("form[aria-label='Adjust points'] [name=points]", points).await;
        browser.click("form[aria-label='Adjust points'] [type=submit]").await;
    };
    adjust("100").await;
    browser.says("It may have been done; to send the same once more is safe.").await;
    adjust("80").await;
    browser.says("What you sent before was not answered and may have been done.").await;
    // The report of an uncertain change does not stand in a view that already shows it.
    browser.click("[data-language=zh]").await;
    browser.says("调整积分").await;
    browser.shown("").await;
    assert_eq!(browser.read("document.querySelector('[name=points]').value").await, "");
    browser.says("+100").await;
    assert_eq!(number(&api, &format!("{HISTORY}?customer=1"), "count").await, 1);
    browser.close(&[]).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn a_late_answer_is_seen_in_the_view_that_was_drawn_meanwhile() {
    let (api, _) = shop().await;
    let browser = Browser::signed_in(&api, DESK).await;
    for (ways, shown) in [
        (vec!["document.querySelector('[data-language=zh]').click()"], "100"),
        (vec!["location.hash = '#/levels'", "history.back()"], "200"),
    ] {
        browser.show("levels").await;
        browser.show("customers/1").await;
        let slow = "const real = window.real ??= window.fetch; const late = new Promise((go) => (window.go = go));
            window.fetch = async (path, options) => {
              const reply = await real(path, options);
              if (options.method !== 'GET') await late;
              return reply;
            }";
        browser.script(slow, json!([])).await;
        browser.fill("form [name=points]", "100").await;
        browser.click("form [type=submit]").await;
        for way in ways {
            browser.script(way, json!([])).await;
            browser.shown("").await;
        }
        browser.script("window.go()", json!([])).await;
        browser.wait(&format!("document.querySelector('.stats strong').textContent === '{shown}'")).await;
    }
    browser.close(&[]).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn what_was_typed_in_outlives_a_token_that_ends() {
    let (api, _) = shop().await;
    let browser = Browser::signed_in(&api, DESK).await;
    let end = async || browser.script("sessionStorage.setItem('youhui.token', 'ended')", json!([])).await;
    let value = async |selector: &str| -> Value {
        browser.shown("").await;
        browser.read(&format!("document.querySelector('{selector}').value")).await
    };
    browser.show("codes/issue").await;
    browser.fill("[name=prefix]", "spring").await;
    browser.fill("[name=customers]", "1\n2\n").await;
    end().await;
    browser.click("form [type=submit]").await;
    browser.says("The token is not valid, or not any more").await;
    browser.sign_in(tests::TOKEN).await;
    assert_eq!((value("[name=prefix]").await, value("[name=customers]").await), (json!("spring"), json!("1\n2\n")));
    // The same address with other content belongs to another shop.
    browser.leave_for("customers/1").await;
    browser.fill("form [name=points]", "70").await;
    end().await;
    browser.click("form [type=submit]").await;
    browser.says("The token is not valid, or not any more").await;
    let mut other = customer("13900000001");
    other["full_name"] = json!("李雷");
    api.put(&one(CUSTOMERS, 1), &other).await.assert_status(200);
    browser.sign_in(tests::TOKEN).await;
    assert_eq!(value("form [name=points]").await, "");
    browser.close(&[401]).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn what_is_corrected_after_a_lost_save_is_saved() {
    let (api, spring) = shop().await;
    let level = id(&api.post(LEVELS, &json!({"title": "Silver"})).await);
    let browser = Browser::signed_in(&api, DESK).await;
    let field = async |path: String, name: &str| api.get(&path).await.assert_status(200)[name].clone();
    browser.show(&format!("levels/{level}")).await;
    break_the_line(&browser, ATTEMPTS, true).await;
    browser.fill("[name=redeem_points]", "10").await;
    browser.click("form [type=submit]").await;
    browser.says("It may have been done").await;
    assert_eq!(field(one(LEVELS, level), "redeem_points").await, 10);
    browser.fill("[name=redeem_points]", "0").await;
    browser.click("form [type=submit]").await;
    browser.says("Silver is saved.").await;
    assert_eq!(field(one(LEVELS, level), "redeem_points").await, 0);
    // The same for a rule whose terms nobody else has changed.
    for (heard, then) in [(true, "30"), (false, "30"), (true, "10")] {
        browser.show("price_rules").await;
        browser.show(&format!("price_rules/{}", spring.rule)).await;
        break_the_line(&browser, ATTEMPTS, heard).await;
        browser.fill("form[aria-label=Rule] [name=value]", "30").await;
        browser.click("form[aria-label=Rule] [type=submit]").await;
        browser.says("It may have been done").await;
        browser.fill("form[aria-label=Rule] [name=value]", then).await;
        browser.click("form[aria-label=Rule] [type=submit]").await;
        browser.says("Spring is saved.").await;
        browser.shown("#/price_rules").await;
        assert_eq!(field(one(RULES, spring.rule), "value").await, format!("-{then}.00"), "{heard}");
        change_rule(&api, spring.rule, &json!({"value": "-20.00"})).await;
    }
    browser.close(&[]).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn a_code_is_used_and_given_to_others_as_it_is_then() {
    let (api, spring) = shop().await;
    let code = issued_ids(&give(&api, spring.id, [1]).await)[0];
    let browser = Browser::signed_in(&api, DESK).await;
    browser.show(&format!("codes/{code}")).await;
    change_rule(&api, spring.rule, &json!({"value": "-90.00"})).await;
    browser.click("form[aria-label='Mark as used'] [type=submit]").await;
    browser.says("The rule of this code was changed meanwhile.").await;
    assert_eq!(number(&api, &one(CODES, code), "status").await, "unused");
    // Another user gave the code to another customer. This form takes it back.
    api.put(&one(CODES, code), &json!({"customer_id": 2})).await.assert_status(200);
    browser.fill("[name=customer_id]", "#1").await;
    browser.click("form[aria-label=Transfer] [type=submit]").await;
    browser.says("The code has a new owner.").await;
    assert_eq!(number(&api, &one(CODES, code), "customer_id").await, 1);
    browser.close(&[]).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn a_token_that_ends_does_not_say_that_nothing_was_done() {
    let (api, spring) = shop().await;
    let browser = Browser::signed_in(&api, DESK).await;
    // The first attempt is carried out without a reply. At the second attempt the token has expired.
    let end = async || {
        let script = "const real = window.real ??= window.fetch;
            window.fetch = async (path, options) => {
              const isChange = options.method !== 'GET' && !path.includes('evaluate');
              if (!isChange) return real(path, options);
              await real(path, options);
              window.fetch = real;
              sessionStorage.setItem('youhui.token', 'ended');
              return new Response('{}', { status: 503, headers: { 'Retry-After': '0.05' } });
            }";
        browser.script(script, json!([])).await;
    };
    browser.show("customers/1").await;
    end().await;
    browser.fill("form [name=points]", "100").await;
    browser.click("form [type=submit]").await;
    browser.says("What you sent before was not answered and may have been done.").await;
    browser.sign_in(tests::TOKEN).await;
    assert_eq!(browser.read("document.querySelector('form [name=points]').value").await, "");
    browser.says("+100").await;
    // A list that may have been sent is not offered for another issue.
    browser.show("codes/issue").await;
    browser.fill("[name=prefix]", "spring").await;
    browser.fill("[name=customers]", "1\n2\n").await;
    end().await;
    browser.click("form [type=submit]").await;
    browser.says("The token is not valid").await;
    browser.sign_in(tests::TOKEN).await;
    browser.says("0 issued · 0 refused · 2 open").await;
    assert_eq!(browser.read("document.querySelector('[data-edit]')").await, json!(null));
    browser.click("[data-go-on]").await;
    browser.says("2 codes are issued.").await;
    assert_eq!(number(&api, &format!("{CODES}?coupon={}", spring.id), "count").await, 2);
    browser.close(&[401]).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn what_was_not_answered_is_not_sent_again_after_a_day() {
    let (api, _) = shop().await;
    let browser = Browser::signed_in(&api, DESK).await;
    browser.show("customers/1").await;
    break_the_line(&browser, ATTEMPTS, true).await;
    browser.fill("form [name=points]", "100").await;
    browser.click("form [type=submit]").await;
    browser.says("It may have been done").await;
    // A day later by both clocks.
    let later = "const real = Date.now; Date.now = () => real() + 86400e3;
        const parse = Date.parse; Date.parse = (text) => text.endsWith('GMT') ? parse(text) + 86400e3 : parse(text)";
    browser.script(later, json!([])).await;
    browser.click("form [type=submit]").await;
    browser.says("What you sent before was not answered and may have been done.").await;
    assert_eq!(number(&api, &format!("{HISTORY}?customer=1"), "count").await, 1);
    browser.close(&[]).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn a_browser_that_keeps_nothing_says_so() {
    let (api, _) = shop().await;
    let browser = Browser::signed_in(&api, DESK).await;
    browser.show("codes/issue?prefix=spring").await;
    let full = "const real = Storage.prototype.setItem;
        Storage.prototype.setItem = function (name, text) {
          if (name === 'youhui.issue') throw new DOMException('full', 'QuotaExceededError');
          real.call(this, name, text);
        }";
    browser.script(full, json!([])).await;
    browser.fill("[name=customers]", "1\n1\n").await;
    browser.click("form [type=submit]").await;
    browser.says("This list is more than the browser keeps").await;
    browser.leave_for("levels").await;
    let refused = "Object.defineProperty(window, 'sessionStorage', { get() { throw new Error('no'); } })";
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({"source": refused})).await;
    browser.script("location.reload()", json!([])).await;
    browser.says("This browser keeps nothing for this page.").await;
    browser.close(&[]).await;
}
