"""Drawings of scenarios: the graph of a blueprint with the places of its modules, and its SVG."""
