"""Obvious repairs of findings, as patches of the blueprint: one file for each subject of the rules.

A repair is a guess, not tried yet. Where several are as likely there is none.
"""
