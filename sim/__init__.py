"""The SimPy world: demand, kitchens, drivers, movement, shocks; the platform seam; the run recorder."""
