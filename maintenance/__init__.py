"""From a judgement to work that gets done (ISO 13374: advisory generation).

Advice, work orders and their life cycle, plans, stock, people, records, audit and connectors to other systems. An order
and its audit row and its outgoing message are written in one transaction, or not at all.
"""
