"""What comes in and what goes out: one module per resource group, written with marshmallow."""
