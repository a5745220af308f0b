"""How long until failure? (ISO 13374: PA, ISO 13381-1.) Always a distribution, with its coverage measured."""
