//! Units and, later, users, roles and reveals.
