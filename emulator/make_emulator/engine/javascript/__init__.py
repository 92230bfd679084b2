"""Execution of the JavaScript of custom functions, in worker processes that can be killed at any time.

An engine in this process could not be interrupted everywhere: ``Array.prototype.reverse.call({length: 2**53 - 1})`` never
calls the interrupt handler.
"""
