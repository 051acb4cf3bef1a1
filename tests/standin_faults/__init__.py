"""Real problems over all channels and boards while each outside system fails in every way it can: all are explained, nothing is done twice."""
