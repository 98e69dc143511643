//! A store behind TLS on this machine, as DynamoDB is. With it the first call of a function is measured over HTTPS.

use std::{fs, net::Ipv4Addr, path::PathBuf, sync::Arc};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::ring, pki_types::PrivatePkcs8KeyDer},
};

/// The certificates that a function trusts by default.
const AMAZON: &str = include_str!("../../../shared/store/src/amazon_roots.pem");

/// A TLS server in front of a plain address. It ends with the process.
pub(crate) struct Terminator {
    /// The address, `https://localhost:port`.
    pub(crate) endpoint: String,
    /// The file of trusted certificates: those that a function trusts by default, and the certificate of this server.
    /// So a function reads one certificate more than in Lambda.
    pub(crate) bundle: PathBuf,
    _folder: tempfile::TempDir,
}

impl Terminator {
    /// Starts a TLS server in front of `http://host:port`.
    pub(crate) async fn start(plain: &str) -> Self {
        let behind = plain.trim_start_matches("http://").to_owned();
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("TLS 1.2 and 1.3")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.into())
            .expect("a configuration");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(pass(acceptor.clone(), stream, behind.clone()));
            }
        });
        let folder = tempfile::tempdir().expect("a folder");
        let bundle = folder.path().join("bundle.pem");
        fs::write(&bundle, AMAZON.to_owned() + &made.cert.pem()).expect("a file");
        Self { endpoint: format!("https://localhost:{port}"), bundle, _folder: folder }
    }
}

/// Serves one connection. The client may close it at any time.
async fn pass(acceptor: TlsAcceptor, stream: TcpStream, behind: String) {
    let _ = stream.set_nodelay(true);
    let (Ok(mut client), Ok(mut store)) = tokio::join!(acceptor.accept(stream), TcpStream::connect(behind)) else {
        return;
    };
    let _ = store.set_nodelay(true);
    let _ = copy_bidirectional(&mut client, &mut store).await;
}
