//! The embedded store: DynamoDB on SQLite in this process, behind HTTP on the loopback interface.

use std::{
    fmt,
    fs::{File, TryLockError},
    io::{self, Read},
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    thread::JoinHandle,
};

use dynoxide::Database;
use tokio::{net::TcpListener, sync::oneshot};

/// The first bytes of a SQLite file (SQLite, "Database File Format").
const SQLITE: &[u8] = b"SQLite format 3\0";

/// The place of the embedded store's data.
#[derive(Debug, Clone)]
pub enum Place {
    /// In memory. The data ends with the process.
    Memory,
    /// In a SQLite file.
    File(PathBuf),
    /// In memory, filled from a file that [`Embedded::save`] wrote. The file is not changed.
    Copy(PathBuf),
}

/// The reason that the embedded store did not start.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// Another process has the lock of the file. SQLite itself would let both write.
    #[error(
        "{0} is in use. Pass the address that its server printed as --store, wait for the other command to end, or \
        choose another --data FILE"
    )]
    InUse(PathBuf),
    /// The operating system cannot open, read or lock the file.
    #[error("{path}: {error}")]
    File {
        /// The path of the file.
        path: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
    /// The folder of the file does not exist. It is not created: a mistyped name would leave folders behind.
    #[error("{path}: there is no folder {folder}; create it, or choose another path")]
    NoFolder {
        /// The path of the file.
        path: PathBuf,
        /// The missing folder.
        folder: PathBuf,
    },
    /// The file exists and is not a SQLite database.
    #[error("{0} is not a store but another kind of file; choose another --data FILE")]
    NoStore(PathBuf),
    /// The requested port cannot be bound.
    #[error("the embedded store cannot use port {port}: {error}; choose another --store-port")]
    Port {
        /// The requested port.
        port: u16,
        /// The error of the operating system.
        error: io::Error,
    },
    /// SQLite, the runtime or the thread of the store failed.
    #[error("the embedded store failed: {0}")]
    Database(String),
}

/// A running store. Dropping it stops the store and frees the file.
pub struct Embedded {
    /// The address on which the store listens.
    pub address: SocketAddr,
    database: Database,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    _lock: Option<File>,
}

impl fmt::Debug for Embedded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Embedded").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Embedded {
    /// Starts a store on a free port of the loopback interface.
    ///
    /// # Errors
    /// See [`EmbeddedError`].
    pub fn start(place: &Place) -> Result<Self, EmbeddedError> {
        Self::start_on(place, 0)
    }

    /// Starts a store on this port of the loopback interface; 0 takes a free one. The store has a thread and a runtime
    /// of its own, because SQLite has one writer at a time and blocks.
    ///
    /// # Errors
    /// See [`EmbeddedError`].
    pub fn start_on(place: &Place, port: u16) -> Result<Self, EmbeddedError> {
        let lock = match place {
            Place::Memory | Place::Copy(_) => None,
            Place::File(path) => {
                check(path)?;
                Some(lock(path)?)
            }
        };
        let database = match place {
            Place::Memory | Place::Copy(_) => Database::memory(),
            Place::File(path) => Database::new(&path.to_string_lossy()),
        };
        let failed = |error: &dyn std::fmt::Display| EmbeddedError::Database(error.to_string());
        let database = database.map_err(|error| failed(&error))?;
        if let Place::Copy(path) = place {
            database.restore_from(&path.to_string_lossy()).map_err(|error| failed(&error))?;
        }
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port));
        let listener = listener.map_err(|error| EmbeddedError::Port { port, error })?;
        listener.set_nonblocking(true).map_err(|error| failed(&error))?;
        let address = listener.local_addr().map_err(|error| failed(&error))?;
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| failed(&error))?;
        let (stop, stopped) = oneshot::channel();
        let served = database.clone();
        let serve = move || {
            runtime.block_on(async move {
                match TcpListener::from_std(listener) {
                    Ok(listener) => {
                        let stopped = async { drop(stopped.await) };
                        if let Err(error) = dynoxide::server::serve_with_shutdown(listener, served, stopped).await {
                            tracing::error!(error, "the embedded store stopped");
                        }
                    }
                    Err(error) => tracing::error!(%error, "the embedded store did not start"),
                }
            });
        };
        let thread = std::thread::Builder::new().name("store".to_owned()).spawn(serve);
        let thread = thread.map_err(|error| failed(&error))?;
        Ok(Self { address, database, stop: Some(stop), thread: Some(thread), _lock: lock })
    }

    /// Returns the endpoint for the AWS SDK.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Saves the stored data in a new file, for [`Place::Copy`].
    ///
    /// # Errors
    /// [`EmbeddedError::Database`] if the file exists or cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), EmbeddedError> {
        self.database.vacuum_into(&path.to_string_lossy()).map_err(|error| EmbeddedError::Database(error.to_string()))
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the store's thread was reported when it happened.
            let _ = thread.join();
        }
    }
}

/// Refuses a path that cannot hold a store, before anything is written beside it.
fn check(path: &Path) -> Result<(), EmbeddedError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir());
    if let Some(folder) = folder {
        return Err(EmbeddedError::NoFolder { path: path.to_owned(), folder: folder.to_owned() });
    }
    let mut start = Vec::new();
    match File::open(path).and_then(|file| file.take(SQLITE.len() as u64).read_to_end(&mut start)) {
        Ok(_) if start.is_empty() || start == SQLITE => Ok(()),
        Ok(_) => Err(EmbeddedError::NoStore(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(EmbeddedError::File { path: path.to_owned(), error }),
    }
}

/// Locks `<path>.lock`, because SQLite itself lets a second process in.
fn lock(path: &Path) -> Result<File, EmbeddedError> {
    let at = |error| EmbeddedError::File { path: path.to_owned(), error };
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file = File::options().create(true).truncate(false).write(true).open(PathBuf::from(name)).map_err(at)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(EmbeddedError::InUse(path.to_owned())),
        Err(TryLockError::Error(error)) => Err(at(error)),
    }
}
