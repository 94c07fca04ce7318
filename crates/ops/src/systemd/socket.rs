//! The socket on which systemd listens.

#[cfg(not(target_os = "linux"))]
pub(super) use elsewhere::Socket;
#[cfg(target_os = "linux")]
pub(super) use linux::Socket;

/// The crate `sd-notify` would wait where systemd is slow, in the middle of a frame, and knows no abstract sockets.
#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::OsStr;
    use std::io;
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    pub struct Socket {
        datagrams: UnixDatagram,
        address: SocketAddr,
    }

    impl Socket {
        pub fn to(name: &OsStr) -> io::Result<Self> {
            let address = match name.as_bytes() {
                [b'@', rest @ ..] => SocketAddr::from_abstract_name(rest)?,
                _ => SocketAddr::from_pathname(name)?,
            };
            let datagrams = UnixDatagram::unbound()?;
            datagrams.set_nonblocking(true)?;
            Ok(Self { datagrams, address })
        }

        /// Sends this, or fails at once.
        pub fn send(&self, text: &str) -> io::Result<()> {
            self.datagrams.send_to_addr(text.as_bytes(), &self.address).map(drop)
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use std::ffi::OsStr;
    use std::io;

    /// There is no systemd, and so there is none of these.
    pub enum Socket {}

    impl Socket {
        pub fn to(_: &OsStr) -> io::Result<Self> {
            Err(io::ErrorKind::Unsupported.into())
        }

        pub fn send(&self, _: &str) -> io::Result<()> {
            match *self {}
        }
    }
}
