"""The loop over rounds."""
