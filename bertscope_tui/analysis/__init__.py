"""Numbers about hidden states. Arrays in, frozen results out."""
