#![doc = include_str!("../README.md")]
#![deny(missing_docs)]
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::disallowed_methods))]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

#[cfg(feature = "surfaces")]
mod engine;
#[cfg(feature = "surfaces")]
mod surfaces;
#[cfg(feature = "thumbnail")]
mod thumbnail;

#[cfg(feature = "surfaces")]
pub use surfaces::{
    CloseSessionMenu, CloseSessionTimeline, Counted, IndicatorCorner, OpenRecoveryDialog,
    OpenSessionMenu, OpenSessionTimeline, RecoveryDialog, RecoveryDialogPlugin,
    SaveIndicatorPlugin, SessionMenu, SessionMenuPlugin, SessionPanel, SessionPanelPlugin,
    SessionStrings, SessionTheme, SessionTimeline, SessionTimelinePlugin, SessionUiPlugins,
    SessionUiSystems, StringsFile, ToggleSessionPanel, session_ui_is_open,
};
#[cfg(feature = "thumbnail")]
pub use thumbnail::{ThumbnailPlugin, ThumbnailTaken};

/// The pages of the guide, whose examples are tests.
#[cfg(all(doctest, feature = "surfaces"))]
mod guide {
    #[doc = include_str!("../../../docs/guide/ready-made-ui.md")]
    struct ReadyMadeUi;
}
