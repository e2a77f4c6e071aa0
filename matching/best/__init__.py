"""The strategy `best`: routes re-planned at every decision, committed as late as possible."""
