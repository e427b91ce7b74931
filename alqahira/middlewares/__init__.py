"""Good manners and a guarded door: what may be asked, of whom, how often, and how much of the answer is taken.

One concern a file; `causes` names every refusal. What is switched on, in which order and within which limits stands
in `alqahira/settings.py`, and why in docs/manners.md.
"""
