//! The cost of a function before its first reply, in several release profiles, compared with a function that does
//! nothing. The results are in functions.md.

use std::{
    fs,
    io::Write,
    net::TcpListener,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use flate2::{Compression, write::DeflateEncoder};
use serde_json::Value;
use tests::{Api, TOKEN, functions::cargo, lambda::Function};

use crate::tls::Terminator;

/// The number of further events that each start is sent.
const WARM: usize = 10;

/// The release profile of Cargo.toml and two others, each given by its differences.
const PROFILES: [(&str, &[(&str, &str)]); 3] = [
    ("opts-fat", &[]),
    ("opt3-fat", &[("CARGO_PROFILE_RELEASE_OPT_LEVEL", "3")]),
    ("opt3-thin", &[("CARGO_PROFILE_RELEASE_OPT_LEVEL", "3"), ("CARGO_PROFILE_RELEASE_LTO", "thin")]),
];

/// A binary with its measurements.
struct Subject {
    name: String,
    binary: PathBuf,
    /// The times from the start to the first poll, without a reachable store.
    first_poll: Vec<Duration>,
    /// The times from the start to the first reply, with the store behind TLS.
    first_reply: Vec<Duration>,
    /// The times from an event to its reply, after the first reply.
    warm_reply: Vec<Duration>,
    peak_memory: Vec<u64>,
}

/// The environment variables that give a function its store.
struct Place {
    reachable: Vec<(&'static str, String)>,
    closed: Vec<(&'static str, String)>,
}

/// Builds a function in the profiles, starts every binary `times` times in turn, sends it an event of `events/`, and
/// prints medians.
pub(crate) async fn run(function: &str, event: &str, times: usize, only: &[String]) {
    let chosen = PROFILES.iter().filter(|(name, _)| only.is_empty() || only.iter().any(|profile| profile == name));
    let mut subjects: Vec<_> = chosen.flat_map(|(name, overrides)| build(function, name, overrides)).collect();
    let api = Api::start().await;
    let store = Terminator::start(&api.server.store_endpoint().expect("the embedded store")).await;
    let place = Place::of(&store);
    let event = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../events/{event}.json"));
    let event = fs::read_to_string(event).expect("an event").replace("Bearer TOKEN", &format!("Bearer {TOKEN}"));
    let event: Value = serde_json::from_str(&event).expect("JSON");
    for round in 0..=times {
        for subject in &mut subjects {
            // The first round only fills the caches of the operating system.
            subject.start(&place, &event, round > 0).await;
        }
    }
    api.stop().await;
    println!("| function | MB | zipped MB | ms to first poll | ms to first reply | ms warm | peak MB |");
    println!("|---|---:|---:|---:|---:|---:|---:|");
    for pair in subjects.chunks_exact_mut(2) {
        let (nothing, ours) = pair.split_at_mut(1);
        nothing[0].print(None);
        ours[0].print(Some(&nothing[0]));
    }
}

/// Builds the function that does nothing, and the given function. Each profile has a target folder of its own, so that
/// no build invalidates another.
fn build(function: &str, profile: &str, overrides: &[(&str, &str)]) -> [Subject; 2] {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/functions").join(profile);
    let mut cargo = cargo();
    cargo.args([
        "build",
        "--release",
        "--package",
        &tests::functions::package(function),
        "--package",
        "shared",
        "--bin",
        function,
    ]);
    cargo.args(["--example", "nothing", "--target-dir"]).arg(&target).envs(overrides.iter().copied());
    assert!(cargo.status().expect("cargo").success(), "{profile} is not built");
    [("nothing", "examples/nothing"), (function, function)].map(|(name, path)| Subject {
        name: format!("`{name}` {profile}"),
        binary: target.join("release").join(path),
        first_poll: Vec::new(),
        first_reply: Vec::new(),
        warm_reply: Vec::new(),
        peak_memory: Vec::new(),
    })
}

impl Place {
    fn of(store: &Terminator) -> Self {
        let trusted = ("SSL_CERT_FILE", store.bundle.to_string_lossy().into_owned());
        let at = |endpoint: String| vec![("YOUHUI_STORE", endpoint), trusted.clone()];
        let closed = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
        Self { reachable: at(store.endpoint.clone()), closed: at(format!("https://localhost:{closed}")) }
    }
}

impl Subject {
    /// Starts the binary without a store, and then with one.
    async fn start(&mut self, place: &Place, event: &Value, counts: bool) {
        let alone = Function::start(&self.binary, &place.closed).await;
        let first_poll = alone.first_poll().await - alone.started;
        drop(alone);
        let served = Function::start(&self.binary, &place.reachable).await;
        let reply = served.invoke(event).await.outcome.expect("a reply");
        let first_reply = Instant::now() - served.started;
        assert_eq!(reply["statusCode"], 200, "{}: {reply}", self.name);
        if counts {
            self.first_poll.push(first_poll);
            self.first_reply.push(first_reply);
            self.peak_memory.push(served.peak_memory());
            for _ in 0..WARM {
                let sent = Instant::now();
                served.invoke(event).await.outcome.expect("a reply");
                self.warm_reply.push(sent.elapsed());
            }
        }
    }

    /// Prints a row of the table: medians, and their ratios to those of the function that does nothing.
    fn print(&mut self, nothing: Option<&Self>) {
        self.first_poll.sort_unstable();
        self.first_reply.sort_unstable();
        self.warm_reply.sort_unstable();
        self.peak_memory.sort_unstable();
        let binary = fs::read(&self.binary).expect("a binary");
        let mut zipped = DeflateEncoder::new(Vec::new(), Compression::default());
        zipped.write_all(&binary).expect("in memory");
        let zipped = zipped.finish().expect("in memory").len();
        let milliseconds = |of: fn(&Self) -> Duration| {
            let own = of(self).as_secs_f64() * 1000.0;
            let ratio = nothing.map(|nothing| format!(" ({:.1} x)", own / (of(nothing).as_secs_f64() * 1000.0)));
            format!("{own:.1}{}", ratio.unwrap_or_default())
        };
        println!(
            "| {} | {:.1} | {:.1} | {} | {} | {} | {:.1} |",
            self.name,
            megabytes(binary.len()),
            megabytes(zipped),
            milliseconds(|subject| median(&subject.first_poll)),
            milliseconds(|subject| median(&subject.first_reply)),
            milliseconds(|subject| median(&subject.warm_reply)),
            median(&self.peak_memory) as f64 / 1024.0,
        );
    }
}

/// Returns the median of a sorted list, which must not be empty.
fn median<T: Copy>(sorted: &[T]) -> T {
    sorted[sorted.len() / 2]
}

fn megabytes(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}
