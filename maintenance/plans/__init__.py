"""Preventive maintenance: when a task is due, what it asks for, and whether its interval is the right one."""
