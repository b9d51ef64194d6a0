"""Edge probing: small classifiers over the hidden states of labelled spans, layer by layer."""
