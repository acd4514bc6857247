//! offhook-sip-core.
