"""From readings to a judgement about a machine (ISO 13374: manipulation, detection, assessment, prognosis).

Features, detectors, diagnosis, remaining life, training and the registry of models. A score says whether something is
abnormal, a diagnosis what it is, a forecast when it fails; each can also say that it is not ready.
"""
