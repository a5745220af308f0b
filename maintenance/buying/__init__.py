"""Buying: proposal, request for quotation, quote, purchase order, receipt, and the score of a supplier."""
