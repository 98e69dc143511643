//! Compressed files, which are told by how they begin and not by their names.

use std::io::{self, BufRead, Read};

use flate2::bufread::MultiGzDecoder;

/// What a compressed file begins with.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// What a file holds, expanded where it is compressed. A compressed one tells at its end at the latest whether it is whole.
pub(crate) fn expanded(mut file: impl BufRead + Send + 'static) -> io::Result<Box<dyn Read + Send>> {
    Ok(match file.fill_buf()?.starts_with(&GZIP) {
        true => Box::new(Expanded(MultiGzDecoder::new(file))),
        false => Box::new(file),
    })
}

struct Expanded<R>(MultiGzDecoder<R>);

impl<R: BufRead> Read for Expanded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buffer);
        read.map_err(|error| io::Error::new(error.kind(), format!("the file was cut or changed: {error}")))
    }
}
