//! offhook-store.
