"""Scripts that build the hearing models."""
