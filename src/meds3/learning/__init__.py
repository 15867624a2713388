"""From trees to datasets to weights: SFT, DPO, PRM, GGUF."""
