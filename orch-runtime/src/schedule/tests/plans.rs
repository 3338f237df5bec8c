//! Single plans, policy by policy.
