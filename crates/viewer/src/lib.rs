//! A study in the browser of the same machine.
//!
//! [`Server::bind`] listens on the loopback interface only, and [`Server::url`] is the address to open: it holds a random key, without
//! which nothing is answered. The page draws with NiiVue, which is built in (`vendor/`); no other host is asked for anything. What the page
//! shows are answers of [`Viewed`]: the same numbers as those of `triher maps` and `triher predict`.
//!
//! | address | answer |
//! | --- | --- |
//! | `GET /` | the page |
//! | `GET /api/facts`, `/api/text` | JSON: the study, the page's sentences |
//! | `GET /api/phases.nii`, `/api/differences.nii`, `/api/outline.nii` | NIfTI |
//! | `GET /api/overlay/NAME.nii` | NIfTI: one of [`triher_study::viewing::Overlay`] |
//! | `GET /api/curve?x=&y=&z=` | JSON: the phases at a point (LPS, mm) |
//! | `POST /api/outline` | takes a NIfTI mask, answers with its sizes |
//! | `POST /api/predict` | JSON: what the model says of the outline as it stands |

mod access;
mod page;
mod routes;

use access::Access;
use rand::TryRng;
use std::net::Ipv4Addr;
use std::sync::{Arc, RwLock};
use thiserror::Error;
use triher_report::Language;
use triher_study::viewing::Viewed;

/// Why the viewer does not run.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ViewerError {
    /// The port cannot be used.
    #[error("port {port} cannot be used: {source}. Leave --port out to take a free one.")]
    Port {
        /// The port.
        port: u16,
        /// What the system said.
        source: std::io::Error,
    },
    /// The server cannot run.
    #[error("the viewer's server cannot run: {0}")]
    Server(#[from] std::io::Error),
    /// The system gives no random numbers, without which there is no key.
    #[error("the system gives no random numbers for the page's key: {0}")]
    Random(String),
}

/// What the routes share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) viewed: RwLock<Viewed>,
    pub(crate) language: Language,
    pub(crate) access: Access,
    /// Largest outline that is taken, bytes.
    pub(crate) body_limit: usize,
}

/// A viewer that listens.
#[derive(Debug)]
pub struct Server {
    listener: std::net::TcpListener,
    shared: Arc<Shared>,
}

impl Server {
    /// Listens on 127.0.0.1; port 0 takes a free one.
    ///
    /// # Errors
    /// [`ViewerError::Port`], [`ViewerError::Random`].
    pub fn bind(viewed: Viewed, language: Language, port: u16) -> Result<Self, ViewerError> {
        let failed = |source| ViewerError::Port { port, source };
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(failed)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let mut key = [0u8; 16];
        rand::rngs::SysRng
            .try_fill_bytes(&mut key)
            .map_err(|e| ViewerError::Random(e.to_string()))?;
        let voxels: usize = viewed.grid_len();
        let shared = Shared {
            viewed: RwLock::new(viewed),
            language,
            access: Access::new(&key, address.port()),
            // A byte a voxel is what is asked for; NiiVue may write two, and a header.
            body_limit: 2 * voxels + (1 << 16),
        };
        Ok(Self {
            listener,
            shared: Arc::new(shared),
        })
    }

    /// The address to open, with its key.
    pub fn url(&self) -> String {
        self.shared.access.url()
    }

    /// Answers until the process ends.
    ///
    /// # Errors
    /// [`ViewerError::Server`].
    pub fn serve(self) -> Result<(), ViewerError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_io()
            .build()?;
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(self.listener)?;
            axum::serve(listener, routes::router(self.shared)).await?;
            Ok(())
        })
    }
}
