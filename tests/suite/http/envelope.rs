//! The envelope of every list: pages, sizes and links.

use serde_json::{Value, json};
use tests::{Api, Reply, TOKEN};

use crate::support::{CUSTOMERS, HISTORY, LEVELS, detail, keys, level, link, points::adjust, store_customers};

/// Creates an empty shop with this number of levels.
async fn levels(count: usize) -> Api {
    let api = Api::empty().await;
    for number in 0..count {
        level(&api, &format!("级{number}")).await;
    }
    api
}

fn rows(page: &Value) -> usize {
    page["results"].as_array().expect("rows").len()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

async fn get_with(api: &Api, path: &str, headers: &[(&str, &str)]) -> Reply {
    let bearer = format!("Bearer {TOKEN}");
    let mut all = vec![("Authorization", bearer.as_str())];
    all.extend(headers);
    api.send("GET", path, &all, None).await
}

#[tokio::test]
async fn every_list_has_the_four_keys_in_their_order() {
    let api = Api::start().await;
    for list in [LEVELS, HISTORY, CUSTOMERS] {
        for query in ["", "?page_size=1", "?id__lt=1"] {
            let page = api.get(&format!("{list}{query}")).await.assert_status(200);
            assert_eq!(keys(&page), ["count", "next", "previous", "results"], "{list}{query}");
        }
    }
}

#[tokio::test]
async fn the_default_size_is_ten_and_what_is_no_size_falls_back_to_it() {
    let api = levels(12).await;
    for query in ["", "?page_size=0", "?page_size=-1", "?page_size=abc", "?page_size=", "?page_size=2.5", "?page=1"] {
        let page = api.get(&format!("{LEVELS}{query}")).await.assert_status(200);
        assert_eq!((rows(&page), &page["count"]), (10, &json!(12)), "{query}");
    }
    for (size, shown) in [(1, 1), (11, 11), (12, 12), (13, 12), (100, 12)] {
        let page = api.get(&format!("{LEVELS}?page_size={size}")).await.assert_status(200);
        assert_eq!((rows(&page), &page["count"]), (shown, &json!(12)), "{size}");
    }
}

#[tokio::test]
async fn a_size_above_a_hundred_is_a_hundred() {
    let api = Api::empty().await;
    store_customers(&api, &[1]).await;
    for _ in 0..102 {
        adjust(&api, 1, 1).await.assert_status(201);
    }
    for size in ["100", "101", "1000", "99999999999999999999"] {
        let first = api.get(&format!("{HISTORY}?page_size={size}")).await.assert_status(200);
        assert_eq!((rows(&first), &first["count"]), (100, &json!(102)), "{size}");
        let second = api.get(&format!("{HISTORY}?page_size={size}&page=2")).await.assert_status(200);
        assert_eq!((rows(&second), &second["next"]), (2, &Value::Null), "{size}");
    }
}

#[tokio::test]
async fn what_is_no_page_is_not_found() {
    let api = Api::start().await;
    for list in [LEVELS, HISTORY, CUSTOMERS] {
        for page in ["0", "-1", "abc", "1.0", "2", "99999999999999999999", "first", "%20", "+last"] {
            detail(&api.get(&format!("{list}?page={page}")).await, 404, "Invalid page.");
        }
    }
}

#[tokio::test]
async fn an_empty_list_has_a_first_page_which_is_the_last() {
    let api = Api::empty().await;
    for list in [LEVELS, HISTORY, CUSTOMERS] {
        for query in ["", "?page=1", "?page=last", "?page_size=3"] {
            let page = api.get(&format!("{list}{query}")).await;
            assert_eq!(page.status, 200, "{list}{query}");
            assert_eq!(page.text, r#"{"count":0,"next":null,"previous":null,"results":[]}"#, "{list}{query}");
        }
        detail(&api.get(&format!("{list}?page=2")).await, 404, "Invalid page.");
    }
}

#[tokio::test]
async fn the_last_page_is_called_last() {
    let api = levels(5).await;
    let last = api.get(&format!("{LEVELS}?page_size=2&page=last")).await.assert_status(200);
    let third = api.get(&format!("{LEVELS}?page_size=2&page=3")).await.assert_status(200);
    assert_eq!((rows(&last), &last["next"]), (1, &Value::Null));
    assert_eq!((&last["results"], &last["count"]), (&third["results"], &third["count"]));
    assert_eq!(link(&last["previous"]).1, pairs(&[("page", "2"), ("page_size", "2")]));
}

#[tokio::test]
async fn links_are_absolute_and_the_one_to_the_first_page_has_no_page() {
    let api = levels(5).await;
    let start = format!("{}{LEVELS}", api.server.url());
    let first = api.get(&format!("{LEVELS}?page_size=2")).await.assert_status(200);
    assert_eq!((&first["next"], &first["previous"]), (&json!(format!("{start}?page=2&page_size=2")), &Value::Null));
    let second = api.get(&format!("{LEVELS}?page_size=2&page=2")).await.assert_status(200);
    assert_eq!(second["next"], format!("{start}?page=3&page_size=2"));
    assert_eq!(second["previous"], format!("{start}?page_size=2"));
    let third = api.get(&format!("{LEVELS}?page_size=2&page=3")).await.assert_status(200);
    assert_eq!((&third["next"], &third["previous"]), (&Value::Null, &json!(format!("{start}?page=2&page_size=2"))));
}

#[tokio::test]
async fn without_other_parameters_the_link_back_has_no_query() {
    let api = levels(11).await;
    let start = format!("{}{LEVELS}", api.server.url());
    assert_eq!(api.get(LEVELS).await.assert_status(200)["next"], format!("{start}?page=2"));
    assert_eq!(api.get(&format!("{LEVELS}?page=2")).await.assert_status(200)["previous"], start);
}

#[tokio::test]
async fn links_keep_every_other_parameter_sorted_by_name() {
    let api = levels(5).await;
    let sent = "z=%E4%BC%9A%20%26%3D&page_size=2&order_by=id&page=2&id__gt=0&empty=";
    let page = api.get(&format!("{LEVELS}?{sent}")).await.assert_status(200);
    let others = [("id__gt", "0"), ("order_by", "id")];
    for (link_to, number) in [("next", Some("3")), ("previous", None)] {
        let (start, query) = link(&page[link_to]);
        assert_eq!(start, format!("{}{LEVELS}", api.server.url()));
        let mut names: Vec<_> = query.iter().map(|(name, _)| name.as_str()).collect();
        assert!(names.is_sorted(), "{names:?}");
        names.retain(|name| *name != "empty");
        let mut expected = others.to_vec();
        expected.extend(number.map(|number| ("page", number)));
        expected.extend([("page_size", "2"), ("z", "会 &=")]);
        let kept: Vec<_> = query.iter().filter(|(name, _)| name != "empty").cloned().collect();
        assert_eq!(kept, pairs(&expected), "{link_to}");
    }
}

#[tokio::test]
async fn a_list_in_a_parameter_stays_one_parameter_in_the_link() {
    let api = Api::start().await;
    adjust(&api, 123, 1).await.assert_status(201);
    let page = api.get(&format!("{HISTORY}?page_size=1&customer__in=123,50784")).await.assert_status(200);
    let expected = pairs(&[("customer__in", "123,50784"), ("page", "2"), ("page_size", "1")]);
    assert_eq!(link(&page["next"]).1, expected);
    assert!(!page["next"].as_str().expect("a link").contains(' '));
}

#[tokio::test]
async fn links_name_the_host_and_scheme_that_the_client_called() {
    let api = levels(2).await;
    let path = format!("{LEVELS}?page_size=1");
    let forwarded = [("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "shop.example.com")];
    let page = get_with(&api, &path, &forwarded).await.assert_status(200);
    assert_eq!(page["next"], format!("https://shop.example.com{LEVELS}?page=2&page_size=1"));
    let page = get_with(&api, &path, &[("X-Forwarded-Proto", "https")]).await.assert_status(200);
    assert_eq!(page["next"], format!("https://{}{LEVELS}?page=2&page_size=1", api.server.address));
    let page = get_with(&api, &path, &[("Host", "api.example.com")]).await.assert_status(200);
    assert_eq!(page["next"], format!("http://api.example.com{LEVELS}?page=2&page_size=1"));
}

#[tokio::test]
async fn the_form_without_a_slash_is_served_and_never_redirected() {
    let api = Api::start().await;
    for (without, with) in [
        ("/api/loyalty/level", LEVELS.to_owned()),
        ("/api/loyalty/level/5", format!("{LEVELS}5/")),
        ("/api/loyalty/level?page=last", format!("{LEVELS}?page=last")),
        ("/api/loyalty/point_history", HISTORY.to_owned()),
        ("/api/loyalty/point_history/11742", format!("{HISTORY}11742/")),
        ("/api/loyalty/point_history?customer=50784", format!("{HISTORY}?customer=50784")),
        ("/api/crm/customer", CUSTOMERS.to_owned()),
        ("/api/crm/customer/123", format!("{CUSTOMERS}123/")),
    ] {
        let (bare, slashed) = (api.get(without).await, api.get(&with).await);
        assert_eq!((bare.status, &bare.text), (200, &slashed.text), "{without}");
    }
}

#[tokio::test]
async fn changes_are_served_without_a_slash() {
    let api = Api::start().await;
    let title = json!({"title": "x"});
    api.post("/api/loyalty/level", &title).await.assert_status(201);
    api.put("/api/loyalty/level/27", &title).await.assert_status(200);
    api.delete("/api/loyalty/level/27").await.assert_status(204);
    api.post("/api/loyalty/point_history/adjust", &json!({"customer_id": 123, "points": 1})).await.assert_status(201);
    api.put("/api/crm/customer/9", &crate::support::customer("1")).await.assert_status(201);
}
