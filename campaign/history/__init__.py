"""Any sequence of steps on a small device: data, player, token, replay, claims, known cases."""
