"""How far Forewarn may go by itself for a class of machines.

Levels are earned and lost by measured precision, inside a weekly alarm budget.
"""
