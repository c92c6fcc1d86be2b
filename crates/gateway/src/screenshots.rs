//! Pictures of screens, for who may see them without opening a console: that is decided elsewhere.
//!
//! A picture is taken by a viewer of the gateway's own ([`take`]), which leaves at once. It is kept for some seconds, so
//! that a hypervisor sees one viewer in that time, however many ask and at whatever size; who asks while it is being
//! taken waits for it. What failed is kept as well, for [`FAILURE_KEPT`]: a dead hypervisor is not knocked at by each tile of
//! each page. What is sent is the picture at the size and in the form that were asked for ([`render`]), kept likewise.

mod render;
mod take;

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use moka::Expiry;
use moka::future::Cache;
use moka::policy::EvictionPolicy;
use oriel_domain::{ConsoleKind, EndReason, Server, ServerId};
use oriel_rfb::picture::Picture;
use time::OffsetDateTime;
use tokio::sync::Semaphore;

pub use self::render::PictureForm;
use self::take::Missed;
use crate::session::{Failure, log_end};
use crate::{Gateway, GatewaySettings};

/// How long a failure is kept.
const FAILURE_KEPT: Duration = Duration::from_secs(10);

/// What an operator decides about screenshots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScreenshotSettings {
    /// How long a picture is kept, and so how old one may be.
    pub max_age: Duration,
    /// How long it may take to take a picture, waiting for a turn included.
    pub timeout: Duration,
    /// Most pictures that are taken at once, from the screen's size to its last pixel. Each needs four bytes a pixel.
    pub max_at_once: usize,
    /// Most servers that wait for their picture, the ones above included.
    pub max_waiting: usize,
    /// Most pixels of a screen.
    pub max_pixels: NonZeroU32,
    /// Most memory for pictures that are kept, in bytes.
    pub memory: u64,
}

/// A picture as it was asked for.
#[derive(Clone)]
pub struct Screenshot {
    /// The file.
    pub bytes: Bytes,
    /// Which form it has.
    pub form: PictureForm,
    /// What tells it from other files, for an `ETag` (RFC 9110 section 8.8.3): 32 hexadecimal digits.
    pub tag: String,
    /// When the screen looked so.
    pub taken_at: OffsetDateTime,
    taken: Instant,
}

impl Screenshot {
    /// How old it is.
    pub fn age(&self) -> Duration {
        self.taken.elapsed()
    }
}

impl fmt::Debug for Screenshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = self.bytes.len();
        write!(f, "Screenshot({:?}, {length} bytes)", self.form)
    }
}

/// Why there is no screenshot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoScreenshot {
    /// As many are taken, or wait to be, as may. It is worth coming back.
    #[error("too many screenshots are being taken: try again in a second")]
    Busy,
    /// The screen is larger than is taken, or has no pixels.
    #[error("no picture is taken of a screen of this size")]
    Size,
    /// The gateway, or the hypervisor, by the name that log and page know it by.
    #[error("{}", .0.describe())]
    Failed(EndReason),
}

impl From<EndReason> for NoScreenshot {
    fn from(reason: EndReason) -> Self {
        Self::Failed(reason)
    }
}

/// A screen as it looked.
#[derive(Debug)]
struct Frame {
    picture: Picture,
    taken: Instant,
    taken_at: OffsetDateTime,
}

type Outcome = Result<Arc<Frame>, NoScreenshot>;

/// A rendering: of which server's picture, taken when, at which width and in which form.
type RenderingKey = (ServerId, Instant, u16, PictureForm);

/// The pictures that are taken and kept.
#[derive(Debug)]
pub(crate) struct Screenshots {
    settings: ScreenshotSettings,
    frames: Cache<ServerId, Outcome>,
    renderings: Cache<RenderingKey, Arc<Screenshot>>,
    waiting: Semaphore,
    taking: Semaphore,
    rendering: Arc<Semaphore>,
}

/// How long what was found out is kept.
struct Keep {
    max_age: Duration,
}

impl Expiry<ServerId, Outcome> for Keep {
    fn expire_after_create(&self, _: &ServerId, outcome: &Outcome, _: Instant) -> Option<Duration> {
        Some(match outcome {
            Ok(_) => self.max_age,
            Err(_) => FAILURE_KEPT,
        })
    }
}

/// What a failure and the keeping of anything costs, in bytes.
const ENTRY: usize = 256;

fn weight(bytes: usize) -> u32 {
    u32::try_from(bytes.saturating_add(ENTRY)).unwrap_or(u32::MAX)
}

impl Screenshots {
    pub fn new(settings: ScreenshotSettings) -> Self {
        let ScreenshotSettings { max_age, memory, .. } = settings;
        // Renderings are small beside what they are made from.
        let for_renderings = memory / 8;
        let frames = Cache::builder()
            .max_capacity(memory - for_renderings)
            .eviction_policy(EvictionPolicy::lru())
            .weigher(|_, outcome: &Outcome| match outcome {
                Ok(frame) => weight(size_of_val(frame.picture.pixels.as_slice())),
                Err(_) => weight(0),
            })
            .expire_after(Keep { max_age })
            .build();
        let renderings = Cache::builder()
            .max_capacity(for_renderings)
            .eviction_policy(EvictionPolicy::lru())
            .weigher(|_, screenshot: &Arc<Screenshot>| weight(screenshot.bytes.len()))
            .time_to_live(max_age)
            .build();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            settings,
            frames,
            renderings,
            waiting: Semaphore::new(settings.max_waiting),
            taking: Semaphore::new(settings.max_at_once),
            rendering: Arc::new(Semaphore::new(cores)),
        }
    }

    /// Lets go of what nobody will be shown any more.
    pub async fn tidy(&self) {
        self.frames.run_pending_tasks().await;
        self.renderings.run_pending_tasks().await;
    }

    /// A picture of this server's screen at this width, or at its own: no picture is made wider than its screen.
    async fn get(
        &self,
        server: &Server,
        width: Option<NonZeroU32>,
        form: PictureForm,
        gateway: &GatewaySettings,
    ) -> Result<Arc<Screenshot>, NoScreenshot> {
        let frame = self.frame(server, gateway).await?;
        let width = width.and_then(|width| u16::try_from(width.get()).ok());
        let width = width.unwrap_or(u16::MAX).min(frame.picture.width);
        let key = (server.id, frame.taken, width, form);
        let rendered = self.renderings.try_get_with(key, self.render(frame, width, form));
        rendered.await.map_err(|error: Arc<_>| (*error).clone())
    }

    async fn render(
        &self,
        frame: Arc<Frame>,
        width: u16,
        form: PictureForm,
    ) -> Result<Arc<Screenshot>, NoScreenshot> {
        let turn = Arc::clone(&self.rendering).acquire_owned().await;
        let turn = turn.map_err(|_| NoScreenshot::Busy)?;
        let (taken, taken_at) = (frame.taken, frame.taken_at);
        let made = tokio::task::spawn_blocking(move || {
            // Until the work is done, whether somebody still waits for it or not.
            let _turn = turn;
            let bytes = render::render(&frame.picture, width, form)?;
            Ok((render::tag(&bytes), bytes))
        });
        let made = made.await.map_err(|error| error.to_string()).flatten();
        let (tag, bytes) = made.map_err(|error: String| {
            tracing::error!(error, "a picture of a screen could not be written");
            NoScreenshot::Failed(EndReason::Internal)
        })?;
        Ok(Arc::new(Screenshot {
            bytes: bytes.into(),
            form,
            tag,
            taken_at,
            taken,
        }))
    }

    /// How the screen looked last, if that is not long ago, or how it looks.
    async fn frame(&self, server: &Server, gateway: &GatewaySettings) -> Outcome {
        // Most who ask wait for another's look, or need none: what one takes is not part of their weight.
        let look = async { Box::pin(self.look(server, gateway)).await };
        match self.frames.try_get_with(server.id, look).await {
            Ok(outcome) => outcome,
            Err(error) => Err((*error).clone()),
        }
    }

    /// How the screen looks. What comes of it is kept, whatever it is; that there is no room for it is not.
    async fn look(&self, server: &Server, gateway: &GatewaySettings) -> Result<Outcome, NoScreenshot> {
        let _place = self.waiting.try_acquire().map_err(|_| NoScreenshot::Busy)?;
        let limits = take::Limits {
            connect: gateway.connect_timeout,
            handshake: gateway.handshake_timeout,
            all: self.settings.timeout,
            max_pixels: self.settings.max_pixels,
        };
        let taken = match server.consoles.get(&ConsoleKind::Novnc) {
            Some(back_end) => take::take(back_end, limits, &self.taking).await,
            None => Err(Failure::from(EndReason::ConsoleGone).into()),
        };
        let server_id = server.id;
        Ok(match taken {
            Ok(picture) => Ok(Arc::new(Frame {
                picture,
                taken: Instant::now(),
                taken_at: OffsetDateTime::now_utc(),
            })),
            Err(Missed::NoTurn) => return Err(NoScreenshot::Busy),
            Err(Missed::Size(error)) => {
                tracing::warn!(%server_id, %error, "no picture was taken of a screen");
                Err(NoScreenshot::Size)
            }
            Err(Missed::Failed(Failure { reason, detail })) => {
                log_end!(reason, %server_id, %reason, detail, "no picture was taken of a screen");
                Err(NoScreenshot::Failed(reason))
            }
        })
    }
}

impl Gateway {
    /// A picture of this server's screen, `width` pixels wide, or as wide as the screen is. It is never wider. Whether
    /// whoever asks may see it is for the caller to know.
    ///
    /// Another viewer is connected for it, unless there is one that is young enough. Nothing is typed, and the size of
    /// the screen stays.
    pub async fn screenshot(
        &self,
        server: &Server,
        width: Option<NonZeroU32>,
        form: PictureForm,
    ) -> Result<Arc<Screenshot>, NoScreenshot> {
        let inner = &self.inner;
        inner.sessions.check_open()?;
        inner.screenshots.get(server, width, form, &inner.settings).await
    }
}
