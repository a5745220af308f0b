"""Who can do what, when and where.

Skills, shifts and absences, assignment, the weekly schedule, deadlines and their escalation.
"""
