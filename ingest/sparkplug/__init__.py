"""A Sparkplug B 3.0 host: what edge nodes said about themselves, in which order they count, when to ask them again."""
