//! offhook-sim.
