"""The marketplace's application logic on ports: the same code in the simulator and in production."""
