"""Permissions of agents: grants for kinds of resources and for single ones, and the decisions that follow from them.

Nothing is allowed that was not granted. Kinds and actions are those of Make's scopes, so that each declared endpoint has
its own without further declaration.
"""
