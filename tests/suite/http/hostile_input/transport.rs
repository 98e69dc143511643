//! Requests below the level of HTTP clients, over a bare TCP connection.

use std::time::Duration;

use tests::{Api, Reply, TOKEN};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{decent, is_alive, operations};
use crate::support::LEVELS;

/// Returns the head of a request without its last empty line.
fn head(line: &str, more: &str) -> Vec<u8> {
    let own = "Host: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n";
    format!("{line} HTTP/1.1\r\n{own}Authorization: Bearer {TOKEN}\r\n{more}").into_bytes()
}

/// Sends bytes and reads a reply. Returns `None` if the connection is closed without one.
async fn exchange(api: &Api, bytes: &[u8]) -> Option<Reply> {
    exchanged(api, bytes, false).await
}

/// Sends bytes and reads a reply. `cut_off` closes the sending side.
async fn exchanged(api: &Api, bytes: &[u8], cut_off: bool) -> Option<Reply> {
    let mut connection = TcpStream::connect(api.server.address).await.expect("a connection");
    // The server may answer and close before it has read everything.
    let _ = connection.write_all(bytes).await;
    if cut_off {
        let _ = connection.shutdown().await;
    }
    let mut answer = Vec::new();
    let reading = connection.read_to_end(&mut answer);
    let _ = tokio::time::timeout(Duration::from_secs(40), reading).await.expect("an end");
    let text = String::from_utf8(answer).expect("UTF-8");
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines.filter_map(|line| {
        let (name, value) = line.split_once(": ")?;
        Some((name.parse::<reqwest::header::HeaderName>().ok()?, value.parse().ok()?))
    });
    Some(Reply { status, headers: headers.collect(), text: body.to_owned() })
}

#[tokio::test]
async fn what_is_no_http_is_refused_by_the_server_and_the_next_request_is_served() {
    let api = Api::start().await;
    let flood = |count: usize| (0..count).map(|index| format!("X-{index}: y\r\n")).collect::<String>();
    let list = |count: usize| format!("GET /api/crm/customer/?id__in={}", "1,".repeat(count));
    for (what, bytes, statuses) in [
        ("1,000 headers", head("GET /api/loyalty/level/", &flood(1_000)), &[431][..]),
        ("a header of 1 MB", head("GET /api/loyalty/level/", &format!("X: {}\r\n", "y".repeat(1 << 20))), &[431]),
        ("100k values", head(&list(100_000), ""), &[414]),
        ("two lengths", head("POST /api/loyalty/level/", "Content-Length: 2\r\nContent-Length: 3\r\n"), &[400]),
        ("a negative length", head("POST /api/loyalty/level/", "Content-Length: -1\r\n"), &[400]),
        ("a length that is none", head("POST /api/loyalty/level/", "Content-Length: 0x2\r\n"), &[400]),
        ("a folded header", head("GET /api/loyalty/level/", "X: a\r\n b\r\n"), &[400]),
        ("a header without a name", head("GET /api/loyalty/level/", ": b\r\n"), &[400]),
        ("no header", head("GET /api/loyalty/level/", "x\r\n"), &[400]),
        ("a NUL in a header", head("GET /api/loyalty/level/", "X: a\0b\r\n"), &[400]),
        ("a blank in a path", head("GET /api/loyalty/level/ x", ""), &[400]),
        ("a backslash", head("GET /api\\loyalty", ""), &[400, 404]),
        ("no method", head(" /api/loyalty/level/", ""), &[400]),
        ("a method that is none", head("G@T /api/loyalty/level/", ""), &[400]),
        ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".repeat(20), &[400]),
    ] {
        let sent = [bytes, b"\r\n".to_vec()].concat();
        let reply = exchange(&api, &sent).await.unwrap_or_else(|| panic!("{what}: no reply"));
        assert!(statuses.contains(&reply.status), "{what}: {} {}", reply.status, reply.text);
        is_alive(&api, what).await;
    }
}

#[tokio::test]
async fn headers_that_say_nothing_usable_are_refused_in_words() {
    let api = Api::start().await;
    let level = "POST /api/loyalty/level/";
    for (what, line, more, body, status) in [
        ("90 headers", level, (0..90).map(|index| format!("X-{index}: y\r\n")).collect(), "", 400),
        ("a header of 60 KB", level, format!("X: {}\r\n", "y".repeat(60_000)), "", 400),
        (
            "a key in Chinese",
            level,
            "Idempotency-Key: 钥匙\r\nContent-Length: 13\r\n".to_owned(),
            r#"{"title":"x"}"#,
            400,
        ),
        ("a key too long", level, format!("Idempotency-Key: {}\r\n", "k".repeat(256)), "", 400),
        ("an empty key", level, "Idempotency-Key: \r\n".to_owned(), "", 400),
        ("a host in Chinese", "GET /api/loyalty/level/", "X-Forwarded-Host: 店\r\n".to_owned(), "", 200),
        ("a proxy's odd port", "GET /api/loyalty/level/", "X-Forwarded-Port: 99999999\r\n".to_owned(), "", 200),
        ("gzip", level, "Content-Encoding: gzip\r\nContent-Length: 4\r\n".to_owned(), "\x1f{}\n", 400),
        ("a chunked body", level, "Transfer-Encoding: chunked\r\n".to_owned(), "2\r\n{}\r\n0\r\n\r\n", 400),
        (
            "chunks and trailers",
            level,
            "Transfer-Encoding: chunked\r\n".to_owned(),
            "2\r\n{}\r\n0\r\nX: y\r\n\r\n",
            400,
        ),
        ("accepts nothing", "GET /api/loyalty/level/", "Accept: \r\nAccept-Encoding: ,;q=x\r\n".to_owned(), "", 200),
        ("a range", "GET /api/loyalty/level/", "Range: bytes=5-1\r\nIf-Match: *\r\n".to_owned(), "", 200),
    ] {
        let sent = [head(line, &more), format!("\r\n{body}").into_bytes()].concat();
        let reply = exchange(&api, &sent).await.unwrap_or_else(|| panic!("{what}: no reply"));
        assert_eq!(reply.status, status, "{what}: {}", reply.text);
        decent(&reply, what);
    }
    for authorization in
        ["Bearer 令牌", "Bearer", "Bearer ", "bearer\tx", "Basic eDp5", "x", "Bearer a b", "Bearer \u{7f}"]
    {
        let line = format!(
            "GET {LEVELS} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: {authorization}\r\n\r\n"
        );
        let reply = exchange(&api, line.as_bytes()).await.expect("a reply");
        assert!([400, 401].contains(&reply.status), "{authorization}: {}", reply.status);
    }
    is_alive(&api, "headers").await;
}

#[tokio::test]
async fn a_body_that_does_not_come_as_announced_changes_nothing() {
    let api = Api::start().await;
    let title = r#"{"title":"x"}"#;
    for operation in operations().iter().filter(|operation| operation.method == "POST" || operation.method == "PUT") {
        let line = format!("{} {}", operation.method, operation.path);
        for (what, more, body) in [
            ("too short", "Content-Length: 100\r\n", title),
            ("no chunk", "Transfer-Encoding: chunked\r\n", "zz\r\n{}\r\n0\r\n\r\n"),
            ("half a chunk", "Transfer-Encoding: chunked\r\n", "20\r\n{\"title\":\"x\"}"),
            ("an endless chunk", "Transfer-Encoding: chunked\r\n", "ffffffffffffffff\r\n{}"),
            ("no last chunk", "Transfer-Encoding: chunked\r\n", "d\r\n{\"title\":\"x\"}\r\n"),
        ] {
            let sent = [head(&line, more), format!("\r\n{body}").into_bytes()].concat();
            let reply = exchanged(&api, &sent, true).await;
            assert!(reply.is_none_or(|reply| reply.status == 400), "{line}: {what}");
        }
    }
    // The bytes beyond the announced length are not read as a request.
    let longer = [head(&format!("POST {LEVELS}"), "Content-Length: 2\r\n"), b"\r\n{\"title\":\"x\"}".to_vec()].concat();
    assert_eq!(exchange(&api, &longer).await.expect("a reply").status, 400);
    assert_eq!(api.get(LEVELS).await.ids(), [5, 8, 9]);
}

#[tokio::test]
async fn clients_that_never_finish_keep_nobody_waiting() {
    let api = Api::start().await;
    let mut waiting = Vec::new();
    for index in 0..200 {
        let mut connection = TcpStream::connect(api.server.address).await.expect("a connection");
        let begun = match index % 3 {
            0 => head("POST /api/loyalty/level/", "Content-Length: 100\r\n\r\n{"),
            1 => head("POST /api/loyalty/level/", "Transfer-Encoding: chunked\r\n\r\n5\r\n{"),
            _ => b"GET /api/loyal".to_vec(),
        };
        connection.write_all(&begun).await.expect("sent");
        waiting.push(connection);
    }
    is_alive(&api, "200 clients").await;
    drop(waiting);
    is_alive(&api, "and without them").await;
    assert_eq!(api.get(LEVELS).await.ids(), [5, 8, 9]);
}

#[tokio::test]
async fn methods_are_told_apart_by_case_and_none_is_a_fault() {
    let api = Api::start().await;
    for method in ["get", "Get", "pOST", "PATCH", "TRACE", "PROPFIND", "PURGE", "X", "GET1", "__GET__"] {
        for path in [LEVELS, "/api/loyalty/level/5/", "/api/crm/customer/123/", "/api/openapi.json"] {
            let sent = [head(&format!("{method} {path}"), ""), b"\r\n".to_vec()].concat();
            let reply = exchange(&api, &sent).await.expect("a reply");
            decent(&reply, &format!("{method} {path}"));
            assert_eq!(reply.status, 405, "{method} {path}: {}", reply.text);
        }
    }
    for (line, status) in [
        ("OPTIONS *", 404),
        ("CONNECT localhost:80", 405),
        ("GET http://elsewhere.example/nothing/", 404),
        ("GET /api/loyalty/level/../../crm/customer/", 404),
        ("GET /api/loyalty/level/%2e%2e/%2e%2e/crm/customer/", 404),
        ("GET /api/loyalty/./level/", 404),
    ] {
        let sent = [head(line, ""), b"\r\n".to_vec()].concat();
        let reply = exchange(&api, &sent).await.expect("a reply");
        decent(&reply, line);
        assert_eq!(reply.status, status, "{line}");
    }
    for host in ["a b", "é", "a/b?c", "", "[", "a:b", "x:99999", "u@h:x"] {
        let line = format!(
            "GET {LEVELS} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
        );
        let reply = exchange(&api, line.as_bytes()).await.expect("a reply");
        assert_eq!(reply.status, 400, "{host}: {}", reply.text);
    }
    is_alive(&api, "methods").await;
}
