"""Explicit-state search of the device model, and what is asked of the states that it finds.

explorer          every reachable state, each claim checked in each; by Python or by compiled code (compiled/)
exploration       what such a search comes to
cut_outcomes      what boots after a power cut inside each call, set against what boots without it
fewest_cuts       the trace with the fewest power cuts to a state that a person asks about
vacuity           whether the premise of a claim is ever reached
product_search    where two devices differ that are given the same inputs
observations      the observable responses of one device to an input
"""
