"""Requests that race on real stores: one winner, the others a clear conflict, the audit log whole."""
