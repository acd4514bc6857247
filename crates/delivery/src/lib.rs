//! offhook-delivery.
