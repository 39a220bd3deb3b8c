//! The section `alerting`: what holds of it.
