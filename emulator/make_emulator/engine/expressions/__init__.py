"""The expression language: what stands between ``{{`` and ``}}``, how it is read, and what it comes to."""
