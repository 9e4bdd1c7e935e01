"""Two descriptions agree: the board's decisions with the model, the device with the slot's table."""
