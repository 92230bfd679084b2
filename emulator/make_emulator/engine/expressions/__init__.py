"""Expression language of ``{{…}}``: lexer, parser, evaluator, values and functions. Independent of the rest of the package."""
