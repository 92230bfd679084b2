"""One run of a blueprint: interpreter, trace, filters, errors, budget."""
