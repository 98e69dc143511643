//! `/docs/`: a reader can try an operation on its page.

use tests::{Api, TOKEN};

use super::browser::{Browser, DESK, Screen};
use crate::support::LEVELS;

/// Opens an operation and its form.
async fn try_out(browser: &Browser, operation: &str) {
    browser.click(&format!("[id$='-{operation}'] .opblock-summary-control")).await;
    browser.click(&format!("[id$='-{operation}'] .try-out__btn")).await;
}

/// Sends the form and waits for this status.
async fn execute(browser: &Browser, operation: &str, status: u16) {
    browser.click(&format!("[id$='-{operation}'] .execute")).await;
    browser
        .wait(&format!(
            "document.querySelector(\"[id$='-{operation}'] .live-responses-table tbody .response-col_status\")\
             ?.textContent.startsWith('{status}')"
        ))
        .await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn an_operation_is_tried_with_a_token_that_is_typed_in() {
    let api = Api::start().await;
    for (language, close) in [("en", "Close"), ("zh-CN", "关闭")] {
        let browser = Browser::at(&api, "/docs/", Screen { language, ..DESK }).await;
        try_out(&browser, "level_list").await;
        execute(&browser, "level_list", 401).await;
        browser.click(".auth-wrapper .authorize").await;
        browser.fill(".dialog-ux input", TOKEN).await;
        browser.click(".dialog-ux .authorize").await;
        browser.click_text(close).await;
        execute(&browser, "level_list", 200).await;
        browser.says("初级会员").await;
        // A change of language keeps the token and the operation. The token is stored nowhere.
        let other = if language == "en" { "zh" } else { "en" };
        browser.click(&format!("[data-lang={other}]")).await;
        browser.wait("document.querySelector('.auth-wrapper .authorize.locked')").await;
        assert_eq!(browser.read("sessionStorage.length + localStorage.length").await, 0);
        browser.click("[id$='-level_list'] .try-out__btn").await;
        execute(&browser, "level_list", 200).await;
        // The service accepts the example body.
        let before = api.get(LEVELS).await.ids().len();
        try_out(&browser, "level_create").await;
        execute(&browser, "level_create", 201).await;
        assert_eq!(api.get(LEVELS).await.ids().len(), before + 1);
        browser.screenshot(&format!("reference-{language}")).await;
        browser.close(&[401]).await;
    }
}
