"""Demand for spare parts as a distribution over the lead time, each piece traced to what asks for it."""

from forewarn.maintenance.demand.combined import remainder
from forewarn.maintenance.demand.distribution import LeadDemand, LeadDemands

__all__ = ["LeadDemand", "LeadDemands", "remainder"]
