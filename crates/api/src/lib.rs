//! offhook-api.
