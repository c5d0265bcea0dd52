"""The figures of a period, computed from plain facts about escalations, messages and runs."""
