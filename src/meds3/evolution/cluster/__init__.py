"""Past one driver: problems spread over workers, one journal each. Ray only in `pool`."""
