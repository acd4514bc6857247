//! offhook-sip-message.
