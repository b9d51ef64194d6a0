"""How good a model is on a whole data set: scores, their intervals, and the paper's table."""
