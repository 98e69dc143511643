//! A file that is written under a temporary name, and gets its own name when it is complete.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};

/// Returns the path with this text after its name.
pub(crate) fn beside(path: &Path, text: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(text);
    name.into()
}

/// Sets the options so that only the owner can read a new file, because it has data of customers.
pub(crate) fn for_its_owner(options: &mut fs::OpenOptions) -> &mut fs::OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

enum Out {
    Plain(BufWriter<File>),
    Gzip(GzEncoder<BufWriter<File>>),
}

/// An unfinished file, compressed if its name ends in `.gz`.
pub(crate) struct PartFile {
    path: PathBuf,
    /// The path until the file is complete.
    pub(crate) part: PathBuf,
    out: Out,
}

/// Returns the error for a file that exists, because no file is overwritten. `flag` is the flag that gave its name.
pub(crate) fn is_there(flag: &str) -> io::Error {
    io::Error::new(io::ErrorKind::AlreadyExists, format!("exists already: remove it, or give another {flag}"))
}

impl PartFile {
    /// Creates a new file that only its owner can read.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        if path.exists() {
            return Err(is_there("--to"));
        }
        let part = beside(path, ".part");
        let file = for_its_owner(File::options().create(true).truncate(true).write(true)).open(&part)?;
        let file = BufWriter::new(file);
        let out = match path.extension() {
            Some(extension) if extension == "gz" => Out::Gzip(GzEncoder::new(file, Compression::default())),
            _ => Out::Plain(file),
        };
        Ok(Self { path: path.to_owned(), part, out })
    }

    /// Completes the file and gives it its name.
    pub(crate) fn finish(self) -> io::Result<()> {
        let ended = match self.out {
            Out::Plain(out) => Ok(out),
            Out::Gzip(out) => out.finish(),
        };
        ended.and_then(|out| out.into_inner().map_err(io::IntoInnerError::into_error))?.sync_all()?;
        fs::rename(&self.part, &self.path)
    }

    /// Deletes the unfinished file.
    pub(crate) fn discard(self) -> io::Result<()> {
        fs::remove_file(&self.part)
    }
}

impl Write for PartFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.out {
            Out::Plain(out) => out.write(bytes),
            Out::Gzip(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.out {
            Out::Plain(out) => out.flush(),
            Out::Gzip(out) => out.flush(),
        }
    }
}
