//! offhook-media-core.
