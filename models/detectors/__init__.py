"""Is a machine away from what is usual for it? (ISO 13374: SD.)

One contract, one suite that every detector passes, and a rate of false alarms that is set.
"""
