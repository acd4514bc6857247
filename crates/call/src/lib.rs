//! offhook-call.
