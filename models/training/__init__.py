"""From what was known then to a trained model: splits by asset and time, evaluation, drift."""
