"""Growing trees: UCB, expansion, simulation, back-propagation, the scheduler."""
