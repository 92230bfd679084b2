"""Dates: formatting and parsing by the tokens of moment.js."""
