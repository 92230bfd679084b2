"""What gives scenarios their meaning: blueprints, expressions, modules, runs, schedules.

It works on a world and has never heard of HTTP.
"""
