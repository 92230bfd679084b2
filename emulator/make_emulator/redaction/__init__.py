"""Redaction: secrets are recognized by one set of rules, and replaced in all output."""
