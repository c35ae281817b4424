"""Everything that touches a model, a device or a foreign library; heavy imports happen in constructors only."""
