"""The fleet put together: orgs of `orgs.yaml`, their database, the schedule, workers, and what people ask of it."""
