"""Runs the JavaScript of custom functions, in processes of their own that can be ended at any moment.

An engine in this process could be told to stop, but not everywhere: ``Array.prototype.reverse.call({length: 2**53 - 1})`` asks
nobody whether it may go on.
"""
