"""A search tried out before it is paid: the real scheduler, recorded answers, a modelled engine."""
