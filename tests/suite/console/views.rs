//! Every view on a desktop and on a phone, in both languages, in light and in dark colours. Nothing overflows the
//! screen, axe reports nothing (https://github.com/dequelabs/axe-core, if `.ci/browser` could fetch it), and a
//! screenshot of each is kept.

use std::{env, fs};

use serde_json::{Value, json};
use tests::Api;

use super::browser::{Browser, DESK, PHONE, Screen};
use crate::support::{
    CODES, COUPONS, LEVELS, RULES,
    discounts::{give, issued, nested, rule},
    id, one,
    points::adjust,
};

/// The addresses of the views.
const VIEWS: [&str; 15] = [
    "levels",
    "levels/new",
    "levels/5",
    "customers",
    "customers/50784",
    "coupons",
    "coupons/new",
    "coupons/3097",
    "codes",
    "codes/27518",
    "codes/issue",
    "price_rules",
    "price_rules/new",
    "price_rules/5389",
    "evaluate",
];

/// Creates the demo shop after some weeks of use.
async fn lively() -> Api {
    let api = Api::start().await;
    let gold = json!({
        "title": "黄金会员", "condition_points": 1000, "sign_points": 10, "gain_points": 0.5, "redeem_points": 100,
        "redeem_limitation": 2000, "redeem_limitation_monthly": 5000,
    });
    api.put(&one(LEVELS, 8), &gold).await.assert_status(200);
    for points in [800, 300, -60, 250, 120] {
        adjust(&api, 50784, points).await.assert_status(201);
    }
    api.post("/api/loyalty/point_history/redeem/", &json!({"customer_id": 50784, "points": 300}))
        .await
        .assert_status(201);
    let percent = json!({"title": "会员日九折", "value": "-10.00", "value_type": "percentage"});
    let automatic = json!({"automatic_discount": true, "priority": 5});
    api.post(RULES, &rule(&crate::support::discounts::with(percent, &automatic))).await.assert_status(201);
    let terms = json!({"title": "Summer, 20 off", "value": "-20.00", "prerequisite_subtotal_range": {"greater_than_or_equal_to": "100"}});
    assert_eq!(id(&api.post(COUPONS, &nested("SUMMER", &terms)).await), 3097);
    let customers = [123, 22750, 50784, 100_000];
    for (count, used) in [(12, 3), (25, 8), (6, 5), (40, 11), (9, 2), (31, 9)] {
        let codes = issued(&give(&api, 3097, customers.into_iter().cycle().take(count)).await);
        api.server.clock.advance(chrono::Duration::days(3));
        for code in &codes[..used] {
            api.put(&one(CODES, code["id"].as_u64().expect("an id")), &json!({"status": "used"}))
                .await
                .assert_status(200);
        }
    }
    for customer in [123, 22750] {
        api.post(&format!("{COUPONS}SUMMER/redeem/"), &json!({"customer_id": customer})).await.assert_status(201);
    }
    api
}

/// Returns the findings of axe in the current page. The list is empty if axe is not installed.
async fn accessibility(browser: &Browser) -> Value {
    let Ok(path) = env::var("YOUHUI_AXE") else { return json!([]) };
    let axe = fs::read_to_string(path).expect("axe-core");
    if browser.read("typeof window.axe").await == "undefined" {
        browser.script(&format!("{axe}\nwindow.axe = axe;"), json!([])).await;
    }
    browser
        .script("window.found = null; axe.run().then(({violations}) => { window.found = violations; })", json!([]))
        .await;
    browser.wait("window.found").await;
    browser.read("window.found.map(({id, nodes}) => [id, nodes.map(({html}) => html)])").await
}

/// An expression for the elements that are too small to touch on a phone: buttons, links of the navigation, and fields.
const SMALL: &str = "[...document.querySelectorAll('button, .button, nav a, input:not([type=checkbox], [type=file]), select, textarea')]
    .filter((one) => one.checkVisibility({visibilityProperty: true}))
    .map((one) => [one.outerHTML.slice(0, 80), Math.round(one.getBoundingClientRect().height)])
    .filter(([, height]) => height < 44)";

async fn every_view(screen: Screen) {
    let api = lively().await;
    let browser = Browser::open(&api, screen).await;
    let Screen { width, language, dark, .. } = screen;
    let name = |view: &str| {
        let view = view.replace('/', "-");
        format!("{view}-{}-{width}-{}", &language[..2], if dark { "dark" } else { "light" })
    };
    // The browser's clock stands at the day of the last issue.
    browser.script("const real = Date.now; Date.now = () => real() + 18 * 86400000", json!([])).await;
    browser.screenshot(&name("sign-in")).await;
    assert_eq!(accessibility(&browser).await, json!([]));
    browser.sign_in(tests::TOKEN).await;
    for view in VIEWS {
        browser.show(view).await;
        if view.starts_with("price_rules/") || view == "evaluate" {
            browser.wait("document.querySelector('[data-result] > *')").await;
        }
        browser.screenshot(&name(view)).await;
        let beside = browser.read("document.documentElement.scrollWidth - document.documentElement.clientWidth").await;
        assert_eq!(beside, 0, "{view} is wider than {width}");
        if width < 600 {
            assert_eq!(browser.read(SMALL).await, json!([]), "{view}");
        }
        assert_eq!(accessibility(&browser).await, json!([]), "{view}");
        let named = browser.read("[document.title.length > 0, document.querySelectorAll('h1').length]").await;
        assert_eq!(named, json!([true, 1]), "{view}");
    }
    if browser.read("Boolean(document.querySelector('.chart'))").await == false {
        browser.show("coupons/3097").await;
        browser.script("document.querySelector('.chart').scrollIntoView({block: 'center'})", json!([])).await;
        browser.screenshot(&name("picture")).await;
    }
    browser.close(&[]).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn every_view_is_fit_for_a_desk() {
    every_view(DESK).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn every_view_is_fit_for_a_desk_at_night_in_chinese() {
    every_view(Screen { language: "zh-CN", dark: true, ..DESK }).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn every_view_is_fit_for_a_phone() {
    every_view(PHONE).await;
}

#[tokio::test]
#[ignore = "needs Chromium: .ci/browser"]
async fn every_view_is_fit_for_a_phone_at_night_in_chinese() {
    every_view(Screen { language: "zh-CN", dark: true, ..PHONE }).await;
}
