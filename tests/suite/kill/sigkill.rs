//! The built `youhui` under load on a file, killed by SIGKILL again and again. Every acknowledged change is there once,
//! every limit holds, and the books tie out. `YOUHUI_KILL_SEED` repeats the load and roughly the times of the kills.

use std::{
    cell::Cell,
    collections::BTreeMap,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::support::{
    ACCOUNTS, ADJUST, CODES, COUPONS, CUSTOMERS, HISTORY, LEVELS, ORDERS, REDEEM, RELEASE, USE, audits::is_clean,
    discounts::nested, one, whole_shops::shop,
};
use futures_util::future::{join, join_all};
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use shop::discounts::counters::{self, Counter};
use store::{client::Store, connect::Connection};
use tests::{Reply, TOKEN, functions};
use tokio::sync::{Notify, oneshot, watch};

use super::deaths::{end_leases, seed};

const KILLS: usize = 5;
const WORKERS: u64 = 4;
const PLACES: u64 = 150;
const USES: u64 = 12;

/// A process of `youhui`.
struct Youhui {
    child: Child,
    url: String,
    store: Store,
}

impl Youhui {
    async fn start(binary: &Path, data: &Path) -> Self {
        let mut command = Command::new(binary);
        command.args(["--port", "0", "--empty", "--grant", &format!("{TOKEN}=read,write"), "--data"]).arg(data);
        command.env_remove("RUST_LOG").stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("youhui");
        let output = BufReader::new(child.stdout.take().expect("its output"));
        let (tell, introduced) = oneshot::channel();
        std::thread::spawn(move || {
            let (mut said, mut tell) = (BTreeMap::new(), Some(tell));
            // The output is read to its end, because a process with a full pipe would stop.
            for line in output.lines().map_while(Result::ok) {
                let mut words = line.split_whitespace().map(str::to_owned);
                said.extend(words.next().zip(words.next()));
                if let Some(tell) = tell.take_if(|_| said.contains_key("token")) {
                    let _ = tell.send(said.clone());
                }
            }
        });
        let mut said = introduced.await.expect("what it says when it serves");
        let url = said.remove("Youhui").expect("an address");
        let connection = Connection { endpoint: said.remove("store"), ..Connection::default() };
        let store = connection.open().await.expect("a store");
        // No work of the killed process continues.
        end_leases(&store).await;
        Self { child, url, store }
    }

    fn kill(&mut self) {
        self.child.kill().expect("SIGKILL");
        self.child.wait().expect("dead");
    }
}

impl Drop for Youhui {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The shared state of the clients: the current address of the server, and the number of acknowledged changes.
struct Shared {
    url: watch::Sender<String>,
    client: reqwest::Client,
    acknowledged: Cell<usize>,
    more: Notify,
}

impl Shared {
    /// Sends a request with its key until it is answered, wherever the server is.
    async fn insist(&self, method: &str, path: &str, key: Option<&str>, body: Option<&Value>) -> Reply {
        loop {
            let url = format!("{}{path}", self.url.borrow().clone());
            let mut request = self.client.request(method.parse().expect("a method"), url).bearer_auth(TOKEN);
            request = key.into_iter().fold(request, |request, key| request.header("Idempotency-Key", key));
            if let Some(body) = body {
                request = request.header("Content-Type", "application/json").body(body.to_string());
            }
            if let Some(reply) = answer(request).await {
                let busy = reply.status == 503 || (reply.status == 409 && !reply.header("retry-after").is_empty());
                if !busy {
                    assert!(reply.status < 500, "{method} {path}: {} {}", reply.status, reply.text);
                    return reply;
                }
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn change(&self, method: &str, path: &str, body: &Value) -> Reply {
        let key = format!("{:032x}", rand::random::<u128>());
        let reply = self.insist(method, path, Some(&key), Some(body)).await;
        self.acknowledged.set(self.acknowledged.get() + 1);
        self.more.notify_one();
        reply
    }

    async fn look(&self, path: &str) -> Value {
        self.insist("GET", path, None, None).await.assert_status(200)
    }

    /// Waits until this number of further changes is acknowledged, or until the clients have ended.
    async fn until_more(&self, more: usize, ended: &Cell<bool>) {
        let goal = self.acknowledged.get() + more;
        while self.acknowledged.get() < goal && !ended.get() {
            self.more.notified().await;
        }
    }
}

/// Returns the complete answer to a request. Returns `None` if the connection broke.
async fn answer(request: reqwest::RequestBuilder) -> Option<Reply> {
    let response = request.send().await.ok()?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Some(Reply { status, headers, text: response.text().await.ok()? })
}

/// The changes that the server acknowledged to one client.
#[derive(Default)]
struct Told {
    rows: Vec<(String, Value)>,
    points: i64,
}

/// One client with a customer and orders of its own.
struct Worker<'a> {
    shared: &'a Shared,
    random: StdRng,
    customer: u64,
    told: Told,
}

impl Worker<'_> {
    async fn work(mut self, steps: u64) -> Told {
        for step in 0..steps {
            match self.random.random_range(0..8) {
                0..3 => self.points().await,
                3..6 => self.issue_and_use(100 * self.customer + step).await,
                6 => self.issue_many().await,
                _ => self.import(1_000 * self.customer + 100 * step).await,
            }
        }
        self.told
    }

    async fn points(&mut self) {
        let points = self.random.random_range(1..40);
        let (path, body, sign) = if self.random.random() {
            (ADJUST, json!({"customer_id": self.customer, "points": points}), 1)
        } else {
            (REDEEM, json!({"customer_id": self.customer, "points": points}), -1)
        };
        let reply = self.shared.change("POST", path, &body).await;
        if reply.status == 201 {
            self.told.points += sign * points;
            self.told.rows.push((one(HISTORY, &reply.json()["id"]), json!({"points": sign * points})));
        } else {
            assert_eq!((reply.status, sign), (400, -1), "{}", reply.text);
        }
    }

    async fn issue_and_use(&mut self, order: u64) {
        let pair = json!([{"customer_id": self.customer, "coupon_id": 1}]);
        let issued = self.shared.change("POST", CODES, &pair).await;
        if issued.status != 201 {
            assert_eq!(issued.status, 409, "{}", issued.text);
            return;
        }
        let code = issued.json()["results"][0].clone();
        let row = one(CODES, &code["id"]);
        let body = json!({"codes": [code["code"]], "customer_id": self.customer, "order_id": order});
        let used = self.shared.change("POST", USE, &body).await.status == 200;
        let cancels = used && self.random.random_range(0..3) == 0;
        if cancels {
            let body = json!({"order_status": "cancelled", "paid_price": "1.00"});
            let cancelled = self.shared.change("PUT", &one(ORDERS, order), &body).await;
            assert_eq!(cancelled.status, 201, "{}", cancelled.text);
            let again = self.shared.change("POST", RELEASE, &json!({"order_id": order})).await.assert_status(200);
            assert_eq!(again["count"], 0);
        }
        let status = if used && !cancels { "used" } else { "unused" };
        self.told.rows.push((row, json!({"code": code["code"], "customer_id": self.customer, "status": status})));
    }

    async fn issue_many(&mut self) {
        let pairs = (0..30).map(|_| json!({"customer_id": self.customer, "coupon_id": 1})).collect();
        let issued = self.shared.change("POST", CODES, &pairs).await;
        assert!([201, 409].contains(&issued.status), "{}", issued.text);
        if issued.status == 201 {
            for code in issued.json()["results"].as_array().expect("rows") {
                self.told.rows.push((one(CODES, &code["id"]), json!({"code": code["code"], "status": "unused"})));
            }
        }
    }

    async fn import(&mut self, first: u64) {
        let body = (first..first + 20).map(|id| json!({"id": id, "full_name": format!("{id}")})).collect();
        self.shared.change("POST", CUSTOMERS, &body).await.assert_status(201);
        let told = (first..first + 20).map(|id| (one(CUSTOMERS, id), json!({"full_name": format!("{id}")})));
        self.told.rows.extend(told);
    }
}

/// Kills the server after a random number of acknowledged changes and restarts it, until the clients have ended.
async fn kills(mut server: Youhui, at: (&PathBuf, &Path), shared: &Shared, ended: &Cell<bool>) -> (Youhui, usize) {
    let mut random = StdRng::seed_from_u64(seed());
    let mut kills = 0;
    while kills < KILLS && !ended.get() {
        shared.until_more(random.random_range(3..12), ended).await;
        tokio::time::sleep(Duration::from_millis(random.random_range(0..25))).await;
        server.kill();
        kills += 1;
        server = Youhui::start(at.0, at.1).await;
        shared.url.send_replace(server.url.clone());
    }
    (server, kills)
}

#[tokio::test]
async fn what_was_acknowledged_outlives_sigkill() {
    println!("YOUHUI_KILL_SEED={}", seed());
    let binary = functions::youhui();
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("youhui.db");
    let server = Youhui::start(&binary, &data).await;
    let client = reqwest::Client::builder().timeout(Duration::from_secs(30)).build().expect("a client");
    let url = watch::Sender::new(server.url.clone());
    let shared = Shared { url, client, acknowledged: Cell::new(0), more: Notify::new() };
    let customers = (1..=WORKERS).map(|id| json!({ "id": id })).collect();
    shared.change("POST", CUSTOMERS, &customers).await.assert_status(201);
    shared.change("POST", LEVELS, &json!({"title": "x", "redeem_points": 1})).await.assert_status(201);
    let limits = json!({"allocation_limit": PLACES, "usage_limit": USES});
    shared.change("POST", COUPONS, &nested("A", &limits)).await.assert_status(201);
    let ended = Cell::new(false);
    let workers = async {
        let workers = (1..=WORKERS).map(|customer| {
            let random = StdRng::seed_from_u64(seed().wrapping_add(customer));
            Worker { shared: &shared, random, customer, told: Told::default() }.work(14)
        });
        let told = join_all(workers).await;
        ended.set(true);
        shared.more.notify_one();
        told
    };
    let (told, (server, kills)) = join(workers, kills(server, (&binary, &data), &shared, &ended)).await;
    assert!(kills >= 3, "{kills} kills only");
    everything_is_there(&shared, &server.store, told).await;
}

/// Runs the jobs and asserts that every acknowledged change is stored, limits hold, and the books tie out.
async fn everything_is_there(shared: &Shared, store: &Store, told: Vec<Told>) {
    end_leases(store).await;
    assert_eq!(finish_batches::run(store).await.expect("a run").failed, 0);
    assert_eq!(expire_coupon_codes::run(store, chrono::Utc::now()).await.expect("a run").failed, 0);
    for (customer, told) in (1..).zip(&told) {
        assert_eq!(shared.look(&one(ACCOUNTS, customer)).await["points"], told.points);
    }
    let rows: Vec<_> = told.into_iter().flat_map(|told| told.rows).collect();
    for (path, expected) in &rows {
        let found = shared.look(path).await;
        for (name, value) in expected.as_object().expect("fields") {
            assert_eq!(&found[name], value, "{path} {name}");
        }
    }
    let told_of = |list: &str| rows.iter().filter(|(path, _)| path.starts_with(list)).count();
    for list in [CODES, HISTORY] {
        assert_eq!(shared.look(list).await["count"], told_of(list), "{list}: no more and no less than was told");
    }
    let issued = counters::read(store, &shop("demo"), Counter::CodesOf(1)).await.expect("shards").quota.count();
    assert_eq!(usize::try_from(issued).expect("a count"), told_of(CODES));
    let used = rows.iter().filter(|(_, row)| row["status"] == "used").count();
    let uses = counters::read(store, &shop("demo"), Counter::UsesOf(1)).await.expect("shards").quota.count();
    assert_eq!(usize::try_from(uses).expect("a count"), used);
    assert!(issued <= PLACES.cast_signed() && uses <= USES.cast_signed(), "{issued} issued, {uses} used");
    let command = serde_json::from_value(json!({"action": "audit", "shop": "demo"})).expect("a command");
    is_clean(&serde_json::to_value(operator::run(store, command).await.expect("a report")).expect("JSON"));
}
