"""Programs put in order before XLA compiles them.

Small arrays are taken apart (`scalars`), so that a step of many lanes is arithmetic on vectors; and such a step becomes
as few loops over the lanes as possible, all steps one kernel (`one_pass`).
"""
