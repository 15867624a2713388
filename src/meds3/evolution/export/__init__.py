"""A trained policy or PRM as a folder to hand on: weights, model card, Modelfile."""
