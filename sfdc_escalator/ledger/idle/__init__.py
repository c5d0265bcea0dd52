"""Runs that found nothing to do: consecutive ones are one row, which grows by a line for each."""
