"""The network at work: tokens in, logits and hidden states out, on a thread of its own."""
