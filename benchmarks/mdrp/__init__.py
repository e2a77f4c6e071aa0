"""Instances of the Meal Delivery Routing Problem, played by strategies under the instances' own rules."""
