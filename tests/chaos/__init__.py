"""Kill -9: processes and servers die at random moments, and nothing may be lost or happen twice."""
