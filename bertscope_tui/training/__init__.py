"""Fine-tuning: plans, runs that survive the terminal, and the models that come out of them."""
