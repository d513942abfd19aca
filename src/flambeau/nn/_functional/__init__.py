"""The glue of `flambeau.nn.functional`, by subject: argument checks and compositions of ops."""
