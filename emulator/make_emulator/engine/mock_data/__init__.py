"""Mock data: constraints on the outputs of modules, and a generator that satisfies them."""
