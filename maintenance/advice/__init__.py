"""Advice: what to do about a machine, given what the models say of it.

`advising` decides, `numbers` reckons dates, priority and chance, `race` draws part and crew against the failure,
`costs` weighs waiting against acting, `words` says why. All pure.
"""

from forewarn.maintenance.advice.advising import AdviceSettings, advise

__all__ = ["AdviceSettings", "advise"]
